using MmMamba.Cli.Jobs;
using MmMamba.Cli.Verification;
using MmMamba.Models;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Text.Tiny;
using static TorchSharp.torch;

namespace MmMamba.Cli.Tests;

/// <summary><c>mmmamba verify</c>: what works passes, every kind of damage is found and told, and cards can be held against one another.</summary>
public sealed class VerifyTests : IDisposable
{
    static readonly string[] Steps = ["model", "tensors", "files", "weights", "tokenizer", "input", "load", "forward", "decode", "answer", "round trip"];

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // In this process: the tool's own way, without starting it anew for each case.
    void Export(string model, string to, params string[] options) =>
        Assert.Equal(0, Program.Run(["export", model, "--output", _folder[to], .. options.Contains("--weights") ? options : ["--random", .. options]]));

    Card Verified(int code, string path, params string[] options)
    {
        var before = _folder.Entries;
        var name = $"card-{Guid.NewGuid():N}";
        Assert.Equal(code, Program.Run(["verify", _folder[path], "--output", _folder[name], .. options]));
        Assert.Equal([name, Path.Combine(name, "verification.json"), Path.Combine(name, "verification.md")], _folder.Entries.Except(before));
        var card = CardJson.Read(_folder[$"{name}/verification.json"]);
        Assert.Equal(code == 0, card.Passed);
        Assert.Equal(CardDocument.Markdown(card), File.ReadAllText(_folder[$"{name}/verification.md"]));
        return card;
    }

    static CardCheck Step(Card card, string name) => card.Checks.Single(check => check.Name == name);

    static string Finding(Card card, string check, string name) => Step(card, check).Findings.Single(finding => finding.Name == name).Show();

    static void Outcomes(Card card, string failed = "", string notDone = "")
    {
        Assert.Equal(Steps, card.Checks.Select(check => check.Name));
        Assert.Equal(failed, string.Join(", ", card.Checks.Where(check => check.Outcome == Outcome.Failed).Select(check => check.Name)));
        Assert.Equal(notDone, string.Join(", ", card.Checks.Where(check => check.Outcome == Outcome.NotDone).Select(check => check.Name)));
        Assert.All(card.Checks, check => Assert.True(check.Outcome == Outcome.Passed || check.Reason is { Length: > 0 }));
    }

    [Fact]
    public void Every_layout_passes_and_the_weights_are_the_same_in_all()
    {
        Export("TinyMmMambaHybrid", "released", "--seed", "5", "--dtype", "bfloat16", "--shard-size", "300KB");
        Export("TinyMmMambaHybrid", "unfused", "--weights", _folder["released"], "--layout", "unfused");
        Directory.CreateDirectory(_folder["published"]);
        foreach (var name in Directory.GetFiles(_folder["released"]).Select(file => Path.GetFileName(file)!).Where(name => name == "config.json" || name.StartsWith("model", StringComparison.Ordinal) && !name.EndsWith(".yaml", StringComparison.Ordinal)))
            File.Copy(_folder[$"released/{name}"], _folder[$"published/{name}"]);

        var cards = new[] { Verified(0, "released"), Verified(0, "unfused", "--map"), Verified(0, "published"), Verified(0, "unfused/model.safetensors", "--model", "TinyMmMambaHybrid") };
        Assert.All(cards, card => Outcomes(card));
        Assert.Equal("69 released or 81 unfused tensors, 1,025,172 parameters", Step(cards[0], "tensors").Expected);
        Assert.Equal(["69 released", "81 unfused", "69 released", "81 unfused"], cards.Select(card => string.Join(' ', Step(card, "tensors").Found.Split(' ')[..2])));
        Assert.Equal("2,050,344 bytes, all of them readable", Step(cards[1], "files").Expected);
        Assert.Equal("2,050,344 bytes in 1 file, bfloat16", Step(cards[1], "files").Found);
        Assert.Equal("map", cards[1].Settings.Weights);
        Assert.Equal(["by tokenizer.model", "by the tiny models' own"], new[] { cards[0], cards[2] }.Select(card => Step(card, "tokenizer").Found["3 texts come back, ".Length..]));
        Assert.Equal(["TinyMmMambaHybrid", "TinyMmMambaHybrid", "Published", "TinyMmMambaHybrid"], cards.Select(card => card.Model));
        Assert.Equal("released, unfused, released: the same bits", Step(cards[0], "round trip").Found);
        Assert.Equal("unfused, released, unfused: the same bits, and the same files", Step(cards[1], "round trip").Found);
        Assert.Equal(9, Step(cards[0], "files").Findings.Count);
        foreach (var (check, name) in (ReadOnlySpan<(string, string)>)[("model", "fingerprint"), ("weights", "sha256 of the tensors")])
            Assert.Single(cards.Select(card => Finding(card, check, name)).Distinct());
        // A configuration knows no system message and no chunk of the scan: the published one is asked as the published models are.
        foreach (var (check, name) in (ReadOnlySpan<(string, string)>)[("input", "sha256 of the ids"), ("forward", "sha256"), ("answer", "ids")])
        {
            Assert.Single(new[] { cards[0], cards[1], cards[3] }.Select(card => Finding(card, check, name)).Distinct());
            Assert.NotEqual(Finding(cards[0], check, name), Finding(cards[2], check, name));
        }
    }

    [Fact]
    public void The_teacher_and_the_linear_student_pass()
    {
        Export("TinyHovle", "teacher");
        Export("TinyMmMambaLinear", "linear");
        var (teacher, linear) = (Verified(0, "teacher"), Verified(0, "linear", "--dtype", "bfloat16"));
        Outcomes(teacher);
        Outcomes(linear);
        Assert.Equal("unfused: the same bits, and the same files", Step(teacher, "round trip").Found);
        Assert.Equal("released, unfused, released: the same bits, and the same files", Step(linear, "round trip").Found);
        Assert.StartsWith("at most 0.05 of the greatest logit apart", Step(linear, "decode").Expected);
    }

    [Fact]
    public void Without_a_tokenizer_ids_are_fixed()
    {
        Golden.WriteWeights(_folder["w.safetensors"], "hybrid", "mmmamba_tiny_fused_mixers");
        var card = Verified(0, "w.safetensors", "--model", Golden.Spec("hybrid"));
        Outcomes(card, notDone: "tokenizer");
        Assert.Contains("there is no tokenizer.model", Step(card, "tokenizer").Reason);
        Assert.EndsWith("fixed ids", Step(card, "input").Found);
        Assert.Equal("16 tokens", Step(card, "answer").Found);
    }

    // The forward pass of a card is the one that the reference's numbers hold.
    [Fact]
    public void Its_logits_are_those_of_the_model()
    {
        Export("TinyMmMambaHybrid", "hybrid", "--seed", "5");
        var card = Verified(0, "hybrid");
        using var scope = NewDisposeScope();
        using var model = Checkpoint.Load(null, _folder["hybrid"]);
        var prompt = FixedInput.Make(model.Plan, TinyTokenizer.Load());
        var logits = model.Forward(FixedInput.InputOf(prompt, model.Plan))[0];
        var last = (LikelyTokens)Step(card, "forward").Findings.Single(finding => finding.Name == $"most likely at {prompt.Ids.Count - 1}");
        Assert.Equal(logits[-1].argmax().item<long>(), last.Tokens[0].Id);
        Assert.Equal(logits[-1].max().item<float>(), last.Tokens[0].Logit, 1e-5);
        var (greatest, norm) = ((Numbers)Step(card, "forward").Findings[2], (Numbers)Step(card, "forward").Findings[3]);
        Assert.Equal(logits.abs().max().item<float>(), greatest.Values[0], 1e-5);
        Assert.Equal(logits.norm().item<float>(), norm.Values[0], 1e-4 * norm.Scale);
        var first = (Numbers)Step(card, "forward").Findings.Single(finding => finding.Name == "logits at 0");
        Assert.Equal(logits[0, 146].item<float>(), first.Values[1], 1e-5);
    }

    const string Models = "load, forward, decode, answer, round trip";

    [Fact]
    public void A_number_that_is_none_is_found()
    {
        Damaged("language_model.output.weight", tensor => { tensor[17, 3] = double.NaN; return tensor; });
        var card = Verified(1, "damaged");
        Outcomes(card, failed: "weights, forward, decode, answer");
        Assert.Equal("1 tensor: language_model.output.weight (1 of 98,304)", Step(card, "weights").Reason);
        Assert.Equal("there are NaNs or infinities among the logits", Step(card, "forward").Reason);
    }

    [Fact]
    public void A_missing_tensor_and_a_wrong_shape_are_found()
    {
        Damaged("language_model.model.norm.weight", _ => null);
        var card = Verified(1, "damaged");
        Outcomes(card, failed: "tensors", notDone: "files, weights, " + Models);
        Assert.Contains("1 missing: 'language_model.model.norm.weight'", Step(card, "tensors").Reason);
        Assert.Equal("the tensors are not the model's", Step(card, "forward").Reason);

        Directory.Delete(_folder["damaged"], recursive: true);
        Damaged("language_model.model.norm.weight", tensor => tensor[..95]);
        card = Verified(1, "damaged");
        Outcomes(card, failed: "tensors", notDone: "files, weights, " + Models);
        Assert.Contains("1 of the wrong shape: 'language_model.model.norm.weight' (95) instead of (96)", Step(card, "tensors").Reason);
    }

    [Fact]
    public void A_shard_that_is_cut_short_is_found()
    {
        Export("TinyMmMambaLinear", "damaged", "--shard-size", "300KB");
        using (var shard = File.OpenWrite(Directory.GetFiles(_folder["damaged"], "model-00002*").Single())) shard.SetLength(shard.Length - 100);
        var card = Verified(1, "damaged");
        Outcomes(card, failed: "tensors", notDone: "files, weights, " + Models);
        Assert.Contains("model-00002-of-", Step(card, "tensors").Reason);
    }

    [Fact]
    public void A_tokenizer_of_another_model_is_found_and_the_model_is_run_without()
    {
        Export("TinyHovle", "damaged");
        File.WriteAllText(_folder["damaged/tokenizer.model"], "pieces");
        var card = Verified(1, "damaged");
        Outcomes(card, failed: "tokenizer");
        Assert.Contains("no SentencePiece BPE model", Step(card, "tokenizer").Reason);
        Assert.EndsWith("fixed ids", Step(card, "input").Found);
    }

    [Fact]
    public void What_no_model_is_known_of_is_told()
    {
        SafetensorsWriter.Write(_folder["odd/model.safetensors"], [("x", ones(3))]);
        Outcomes(Verified(1, "odd"), failed: "model", notDone: string.Join(", ", Steps[1..]));
        File.WriteAllText(_folder["odd/config.json"], "{");
        Assert.Contains("is not valid JSON", Step(Verified(1, "odd"), "model").Reason);
    }

    [Fact]
    public void Cards_are_held_against_one_another()
    {
        Export("TinyMmMambaHybrid", "mine", "--seed", "5");
        Export("TinyMmMambaHybrid", "theirs", "--seed", "6");
        string Against(string path, string name, params string[] options)
        {
            Assert.Equal(0, Program.Run(["verify", _folder[path], "--output", _folder[name], .. options]));
            return _folder[$"{name}/verification.json"];
        }
        var (mine, half, theirs) = (Against("mine", "a"), Against("mine", "half", "--dtype", "bfloat16"), Against("theirs", "b"));

        var same = Verified(0, "mine", "--against", mine).Against!;
        Assert.True(same.Same);
        Assert.All(same.Findings, finding => Assert.Equal(Verdict.Same, finding.Verdict));
        Assert.Equal("to the bit", same.Findings.Single(finding => finding.Name == "sha256").Note);

        var coarse = Verified(0, "mine", "--against", half).Against!;
        Assert.Equal(5e-2, coarse.Tolerance);
        Assert.Equal("other bits, as another machine or type has", coarse.Findings.Single(finding => finding.Name == "sha256").Note);

        Directory.CreateDirectory(_folder["bare"]);
        foreach (var name in (string[])["config.json", "model.safetensors"]) File.Copy(_folder[$"mine/{name}"], _folder[$"bare/{name}"]);
        var asked = Verified(1, "bare", "--against", mine).Against!;
        Assert.All(asked.Findings.Where(finding => finding.Check is "forward" or "answer"), finding => Assert.Equal((Verdict.NotCompared, "of another input"), (finding.Verdict, finding.Note)));
        Assert.Equal(["sha256 of the ids"], asked.Findings.Where(finding => finding.Verdict == Verdict.Differs).Select(finding => finding.Name));

        var other = Verified(1, "mine", "--against", theirs).Against!;
        Assert.False(other.Same);
        Assert.Equal(Verdict.Differs, other.Findings.Single(finding => finding.Check == "weights").Verdict);
        Assert.Equal(Verdict.Differs, other.Findings.Single(finding => finding.Name == "logits at 0").Verdict);
        Assert.Equal(Verdict.Same, other.Findings.Single(finding => finding.Name == "fingerprint").Verdict);
        Assert.All(other.Findings.Where(finding => finding.Check is "model" or "tensors" or "tokenizer" or "input"), finding => Assert.Equal(Verdict.Same, finding.Verdict));
    }

    [Fact]
    public void Where_the_disk_has_no_room_the_way_out_and_in_is_not_made()
    {
        Export("TinyMmMambaLinear", "linear");
        var card = Verify("linear", free: 1_000_000, default);
        Outcomes(card, notDone: "round trip");
        Assert.True(card.Passed);
        Assert.Equal("needs 0.14 GB on the disk of the card, and 0.00 GB are free; name another with --output", Step(card, "round trip").Reason);
    }

    [Fact]
    public void Positions_that_a_configuration_does_not_tell_are_no_way_out_and_in()
    {
        File.WriteAllText(_folder["retained.mmmodel.yaml"], "mmmodel: 1\nmodel: Retained\nextends: TinyMmMambaHybrid\nattention: { rope: { dynamic: 2, retained: dynamic } }\n");
        Export(_folder["retained.mmmodel.yaml"], "retained");
        var card = Verified(0, "retained");
        Outcomes(card, notDone: "round trip");
        Assert.Equal("its config.json reads back with plain positions", Step(card, "round trip").Reason);
    }

    [Fact]
    public void Nothing_is_left_of_a_way_that_is_broken_off_or_goes_wrong()
    {
        Export("TinyMmMambaLinear", "linear");
        var before = _folder.Entries;
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Verify("linear", long.MaxValue, stop.Token, check => { if (check.Name == "answer") stop.Cancel(); }));
        Assert.Equal(before, _folder.Entries);

        var (library, name) = Specs.CheckpointSpec.Locate(_folder["linear"]);
        var trip = new RoundTrip(_folder["linear"], Specs.FolderModel.Of(library, name), _folder["scratch"]);
        Assert.Contains("the tensors' digest is ", trip.Run(CheckpointLayout.Released, "another", default).Fault);
        File.WriteAllText(_folder["linear/chain.json"], "{}");
        Assert.Throws<InputException>(() => trip.Run(CheckpointLayout.Released, "another", default));
        Assert.Equal(before.Append(Path.Combine("linear", "chain.json")).Order(StringComparer.Ordinal), _folder.Entries);
    }

    [Fact]
    public void What_cannot_be_verified_is_one_line()
    {
        Export("TinyHovle", "teacher");
        File.WriteAllText(_folder["card.json"], "{ \"version\": 1 }");
        Card bare = new(1, "x", null, 0, "", new("float32", "cpu", 1, "read"), new Dictionary<string, string>(), new Dictionary<string, string>(), [], null);
        File.WriteAllText(_folder["null.json"], CardJson.Write(bare).Replace("\"checks\": []", "\"checks\": [null]"));
        File.WriteAllText(_folder["next.json"], CardJson.Write(bare with { Version = 2 }));
        Refused(1, "there is no such checkpoint", "nowhere");
        Refused(1, "is no verification card", "teacher", "--against", "card.json");
        Refused(1, "a check or a finding is null", "teacher", "--against", "null.json");
        Refused(1, "is a verification card of version 2", "teacher", "--against", "next.json");
        Refused(1, "cannot be read", "teacher", "--against", "none.json");
        Refused(1, "lies in the checkpoint", "teacher", "--output", "teacher/card");
        Refused(1, "lies in the checkpoint", "teacher", "--output", "teacher/");
        Refused(2, "--help", "teacher", "--dtype", "int8");
        Refused(2, "--help");

        void Refused(int code, string gist, params string[] arguments)
        {
            var before = _folder.Entries;
            var run = Tool.Call(_folder.Path, ["verify", .. arguments]);
            Assert.Contains(gist, run.Refusal);
            Assert.Equal(code, run.ExitCode);
            Assert.Equal(before, _folder.Entries);
        }
    }

    [Fact]
    public void The_card_is_shown_and_goes_beside_by_default()
    {
        Export("TinyHovle", "teacher");
        var run = Tool.Call(_folder.Path, "verify", "teacher", "--threads", "1");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith("teacher: passed\nTinyHovle in float32 on cpu with 1 thread, weights read: 11 of 11 checks passed, 0 failed, 0 not done.\n", run.Output);
        Assert.Equal(CardDocument.Text(CardJson.Read(_folder["verification-teacher/verification.json"])), run.Output);
    }

    Card Verify(string path, long free, CancellationToken cancellation, Action<CardCheck>? onCheck = null) => new Verifier(
        new(_folder[path], null, null, new(CPU), _folder["scratch"]), _ => free, onCheck ?? (_ => { })).Run(cancellation);

    // A linear student's folder, one tensor of which is another, or is not there.
    void Damaged(string name, Func<Tensor, Tensor?> damage)
    {
        Export("TinyMmMambaLinear", "damaged");
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(_folder["damaged/model.safetensors"]);
        var tensors = file.Tensors.Select(tensor => (tensor.Name, Tensor: tensor.Name == name ? damage(file.Read(name)) : file.Read(tensor.Name))).ToArray();
        SafetensorsWriter.Write(_folder["damaged/model.safetensors"], tensors.Where(tensor => tensor.Tensor is not null).Select(tensor => (tensor.Name, tensor.Tensor!)));
    }
}
