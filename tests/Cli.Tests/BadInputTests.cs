using System.IO.Compression;
using System.Text;

namespace MmMamba.Cli.Tests;

/// <summary>Bad input: one line that names the place, the right exit code, and nothing left behind.</summary>
public sealed class BadInputTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("describe")]
    [InlineData("describe", "Hovle", "--format", "xml")]
    [InlineData("distill", "--test-conversations", "0")]
    [InlineData("distill", "--test-conversations", "many")]
    [InlineData("distill", "--test", "photographs")]
    [InlineData("distill", "--test")]
    [InlineData("train", "TinyHovle")]
    [InlineData("train", "--output", "")]
    [InlineData("distill", "--output", "")]
    [InlineData("data", "--output", " ")]
    [InlineData("eval", "--device", "tpu", "x.safetensors")]
    [InlineData("distill", "--checkpoint-every", "0")]
    [InlineData("distill", "--checkpoint-every", "2 days")]
    [InlineData("train", "--output", "t.safetensors", "--keep", "0")]
    [InlineData("train", "--output", "t.safetensors", "--keep-every", "0")]
    public void Wrong_usage_exits_with_2(params string[] arguments)
    {
        var run = Tool.Call(_folder.Path, arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--help", run.Refusal);
        Assert.Empty(_folder.Entries);
    }

    [Theory]
    [InlineData("--keep is 1, the place of the last state; with --keep-best it is at least 2.", "1", "--keep-best")]
    [InlineData("--keep is 1, the place of the last state; with --keep-every it is at least 3.", "1", "--keep-every", "5")]
    [InlineData("--keep is 2, the places of the last and the best state; with --keep-every it is at least 3.", "2", "--keep-every", "5")]
    public void States_that_have_no_place_are_not_asked_for(string why, string keep, params string[] arguments) =>
        Refused(why, ["distill", "--keep", keep, .. arguments]);

    [Theory]
    [InlineData("Nobody", "there is no model 'Nobody'; known are Hovle, MmMambaHybrid")]
    [InlineData("Hovel", "there is no model 'Hovel'; did you mean Hovle?")]
    [InlineData("mmmambahybrid", "did you mean MmMambaHybrid?")]
    [InlineData("mien.mmmodel.yaml", "mien.mmmodel.yaml: there is no such spec file; did you mean mine.mmmodel.yaml?")]
    [InlineData("mine.yaml", "did you mean mine.mmmodel.yaml?")]
    [InlineData("./mine.yml", "did you mean ./mine.mmmodel.yaml?")]
    [InlineData("no/mine.yaml", "no/mine.yaml: there is no such spec file.")]
    [InlineData("quite-another.yaml", "quite-another.yaml: there is no such spec file.")]
    public void An_unknown_model_or_file_is_refused_with_what_was_meant(string model, string message)
    {
        File.WriteAllText(_folder["mine.mmmodel.yaml"], "mmmodel: 1\nmodel: Mine\nextends: MmMambaHybrid\n");
        Assert.Contains(message, Tool.Call(_folder.Path, "describe", model).Refusal);
    }

    [Theory]
    [InlineData("mien.mmmodel.yaml", "did you mean mine.mmmodel.yaml?")]
    [InlineData("", ": there is no such file or folder.")]
    public void A_path_that_is_not_there_is_refused(string path, string message)
    {
        File.WriteAllText(_folder["mine.mmmodel.yaml"], "mmmodel: 1\nmodel: Mine\nextends: MmMambaHybrid\n");
        var run = Tool.Call(_folder.Path, "check", path);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, run.Refusal);
    }

    [Fact]
    public void A_mistake_in_a_spec_is_named_at_its_line_and_column()
    {
        File.WriteAllText(_folder["mine.mmmodel.yaml"], "mmmodel: 1\nmodel: Mine\nextends: MmMambaHybrid\nlayers:\n  mamba2: rest\n  attention: { count: 40, from: head, pattern: interleaved }\n");
        Refused("mine.mmmodel.yaml(6,23): error MMD", "describe", "mine.mmmodel.yaml");
        var check = Tool.Call(_folder.Path, "check", "mine.mmmodel.yaml");
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("mine.mmmodel.yaml(6,23): error MMD", check.Output);
    }

    [Fact]
    public void A_spec_that_is_no_yaml_is_named_at_its_place()
    {
        File.WriteAllText(_folder["mine.mmmodel.yaml"], "mmmodel: 1\nmodel: [1, 2");
        Refused("mine.mmmodel.yaml(", "describe", "mine.mmmodel.yaml");
    }

    [Fact]
    public void A_truncated_checkpoint_is_refused()
    {
        var whole = File.ReadAllBytes(Teacher);
        File.WriteAllBytes(_folder["short.safetensors"], whole[..(whole.Length / 2)]);
        Refused("short.safetensors: ", "eval", "short.safetensors", "--test-conversations", "1");
    }

    [Fact]
    public void A_header_that_lies_about_its_length_is_refused()
    {
        var bytes = File.ReadAllBytes(Teacher);
        BitConverter.GetBytes(ulong.MaxValue / 2).CopyTo(bytes, 0);
        File.WriteAllBytes(_folder["liar.safetensors"], bytes);
        Refused("liar.safetensors: ", "eval", "liar.safetensors", "--test-conversations", "1");
    }

    [Fact]
    public void Tensors_of_another_shape_are_refused() =>
        Refused("embedding_model", "eval", Teacher, "--model", "Hovle", "--test-conversations", "1");

    [Fact]
    public void A_checkpoint_with_missing_and_unexpected_tensors_is_refused() =>
        Refused("language_model.model.layers.0.attention", "eval", Teacher, "--model", "TinyMmMambaLinear", "--test-conversations", "1");

    [Fact]
    public void A_teacher_that_does_not_load_is_refused_before_anything_is_written()
    {
        File.WriteAllBytes(_folder["short.safetensors"], File.ReadAllBytes(Teacher)[..5000]);
        Refused("short.safetensors: ", "distill", "--teacher", "short.safetensors");
        Refused("missing.safetensors", "distill", "--teacher", "missing.safetensors");
    }

    [Fact]
    public void A_model_without_a_tokenizer_here_is_refused_before_it_is_made() =>
        Refused("tokenizer", "train", "Hovle", "--output", "t.safetensors");

    [Fact]
    public void Data_does_not_steer_the_terminal()
    {
        Set("""{"conversations":[{"from":"human","value":"is there a cat?"},{"from":"gpt","value":"yes"}],"kinds":["\u001b[31mred"]}""" + "\n");
        var run = Tool.Call(_folder.Path, "eval", Teacher, "--data", "set");
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain('\u001b', run.Output);
        Assert.Contains("[31mred", run.Output);
    }

    [Fact]
    public void A_run_that_is_asked_to_end_before_anything_is_done_leaves_nothing()
    {
        using var process = Tool.Start(_folder.Path, "distill", "--output", "runs/mine");
        while (!process.StandardOutput.ReadLine()!.StartsWith("ask the teacher", StringComparison.Ordinal)) { }
        Assert.NotEmpty(_folder.Entries);
        Tool.Signal(process, "TERM");
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(143, process.ExitCode);
        Assert.Empty(_folder.Entries);
    }

    [Fact]
    public void A_picture_that_does_not_decode_is_refused()
    {
        Photographs();
        File.WriteAllText(_folder["photographs/cat/9.png"], "no picture");
        Refused("cat/9.png", "data", "photographs", "--output", "set");
    }

    [Fact]
    public void A_zip_entry_that_leaves_its_folder_is_refused()
    {
        using (var zip = ZipFile.Open(_folder["evil.zip"], ZipArchiveMode.Create))
        using (var entry = zip.CreateEntry("../../cat/1.png").Open())
            entry.Write("x"u8);
        Refused("evil.zip", "data", "evil.zip", "--output", "set");
    }

    [Fact]
    public void A_line_that_is_no_json_is_refused_by_its_number()
    {
        Set("""{"conversations":[{"from":"human","value":"is there a cat?"},{"from":"gpt","value":"yes"}]}""" + "\nnot json\n");
        Refused("train.jsonl:2", "train", "--data", "set", "--steps", "1", "--batch", "4", "--output", "t.safetensors");
    }

    [Fact]
    public void An_image_that_leaves_its_root_is_refused()
    {
        Set("""{"image":"../../secret.png","conversations":[{"from":"human","value":"is there a cat?"},{"from":"gpt","value":"yes"}]}""" + "\n");
        Refused("train.jsonl:1", "train", "--data", "set", "--steps", "1", "--batch", "1", "--output", "t.safetensors");
    }

    [Fact]
    public void A_folder_that_is_taken_is_not_written_to()
    {
        Directory.CreateDirectory(_folder["taken"]);
        File.WriteAllText(_folder["taken/mine.txt"], "keep");
        Refused("taken: ", "distill", "--output", "taken");
        Assert.Equal("keep", File.ReadAllText(_folder["taken/mine.txt"]));
    }

    [Fact]
    public void A_missing_device_is_refused() => Refused("there is no CUDA device", "train", "--device", "cuda", "--output", "t.safetensors");

    [Fact]
    public void A_folder_without_libtorch_is_refused()
    {
        var run = Tool.Run(_folder.Path, new Dictionary<string, string> { ["MMMAMBA_LIBTORCH"] = _folder.Path }, "train", "--output", "t.safetensors");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("MMMAMBA_LIBTORCH", run.Refusal);
        Assert.Contains("libc10.so is missing", run.Refusal);
        Assert.Empty(_folder.Entries);
    }

    static string Teacher => Path.Combine(AppContext.BaseDirectory, "checkpoints", "tiny-hovle.safetensors");

    void Refused(string gist, params string[] arguments)
    {
        var before = _folder.Entries;
        var run = Tool.Call(_folder.Path, arguments);
        Assert.Contains(gist, run.Refusal);
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(before, _folder.Entries);
    }

    void Set(string train)
    {
        Directory.CreateDirectory(_folder["set"]);
        File.WriteAllText(_folder["set/train.jsonl"], train, new UTF8Encoding(false));
        File.WriteAllText(_folder["set/test.jsonl"], train, new UTF8Encoding(false));
    }

    void Photographs()
    {
        foreach (var name in (string[])["cat", "dog", "ship"])
        {
            Directory.CreateDirectory(_folder[$"photographs/{name}"]);
            for (var i = 0; i < 4; i++)
            {
                var pixels = new byte[32 * 32 * 3];
                new Random(name[0] * 31 + i).NextBytes(pixels);
                Runtime.Vision.PngEncoder.Write(new(32, 32, pixels), _folder[$"photographs/{name}/{i}.png"]);
            }
        }
    }
}
