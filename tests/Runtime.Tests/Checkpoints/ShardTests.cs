using System.Text.Json;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>Checkpoints as folders: shards with an index, both ways, and all that can be wrong with them.</summary>
public sealed class ShardTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();
    readonly ModelPlan _plan = GoldenModel.Named("GoldenSeed");

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    string Write(long shardBytes = 20_000, string name = "c")
    {
        Directory.CreateDirectory(_folder[name]);
        CheckpointFolder.WriteWeights(_folder[name], _plan, new DrawnParameters(7), CheckpointLayout.Unfused, shardBytes: shardBytes);
        return _folder[name];
    }

    string Refused(string path) => Assert.Throws<InputException>(() => Checkpoint.Load(_plan, path)).Message;

    void Same(ParameterSource expected, ParameterSource actual)
    {
        foreach (var tensor in _plan.Tensors)
        {
            using var one = expected.Take(tensor);
            using var other = actual.Take(tensor);
            Assert.True(one.detach().bytes.SequenceEqual(other.detach().bytes), tensor.Name);
        }
    }

    [Fact]
    public void Shards_come_back_bit_for_bit()
    {
        var path = Write();
        Assert.True(Directory.GetFiles(path, "model-*-of-*.safetensors").Length > 3);
        using var parameters = new CheckpointParameters(path, _plan);
        Same(new DrawnParameters(7), parameters);
    }

    [Fact]
    public void One_file_needs_no_index()
    {
        var path = Write(shardBytes: 1_000_000_000);
        Assert.Equal([Path.Combine(path, "model.safetensors")], Directory.GetFiles(path));
        using var parameters = new CheckpointParameters(path, _plan);
        Same(new DrawnParameters(7), parameters);
    }

    [Fact]
    public void The_index_is_as_published_ones_are()
    {
        var path = Write();
        var text = File.ReadAllText(Path.Combine(path, "model.safetensors.index.json"));
        Assert.StartsWith("{\n  \"metadata\": {\n    \"total_size\": ", text);
        Assert.EndsWith("\n  }\n}\n", text);
        using var json = JsonDocument.Parse(text);
        Assert.Equal(4 * _plan.ParameterCount, json.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64());
        string[] names = [.. json.RootElement.GetProperty("weight_map").EnumerateObject().Select(entry => entry.Name)];
        Assert.Equal(_plan.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), names);
        foreach (var entry in json.RootElement.GetProperty("weight_map").EnumerateObject())
        {
            using var shard = SafetensorsFile.Open(Path.Combine(path, entry.Value.GetString()!));
            Assert.NotNull(shard.Find(entry.Name));
            Assert.Equal(shard.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), shard.Tensors.Select(tensor => tensor.Name));
        }
    }

    [Fact]
    public void The_teacher_s_shards_have_the_published_sizes()
    {
        var entries = Layouts.Of(GoldenModel.Named("Hovle").Tensors, CheckpointLayout.Released)
            .Select(stored => new SafetensorsEntry(stored.Name, ScalarType.Float32, stored.Shape, () => throw new InvalidOperationException()));
        var shards = CheckpointFolder.Shards(entries, CheckpointFolder.ShardBytes);
        Assert.Equal([4.94, 4.73, 0.758], shards.Select(shard => Math.Round(shard.Sum(entry => entry.ByteCount) / 1e9, shard == shards[^1] ? 3 : 2)));
        Assert.Equal(["language_model.output.weight"], shards[^1].Select(entry => entry.Name));
    }

    [Theory]
    [InlineData("Hovle", CheckpointLayout.Released, 236, 4, 10_425_311_232)]
    [InlineData("MmMambaLinear", CheckpointLayout.Released, 396, 2, 5_483_984_896)]
    [InlineData("MmMambaHybrid", CheckpointLayout.Released, 356, 2, 5_416_152_576)]
    [InlineData("MmMambaLinear", CheckpointLayout.Unfused, 524, 2, 5_483_984_896)]
    public void Published_counts_and_bytes(string model, CheckpointLayout layout, int tensors, int elementBytes, long bytes)
    {
        var stored = Layouts.Of(GoldenModel.Named(model).Tensors, layout);
        Assert.Equal(tensors, stored.Count);
        Assert.Equal(bytes, stored.Sum(tensor => elementBytes * tensor.Shape.Aggregate(1L, (size, extent) => size * extent)));
    }

    [Fact]
    public void Order_and_bytes_are_the_reference_s()
    {
        using var golden = Golden.Open("hovle_tiny.safetensors");
        SafetensorsWriter.Write(_folder["x"], golden.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal).Select(tensor => (tensor.Name, golden.Read(tensor.Name))), golden.Metadata);
        var (theirs, ours) = (Parts(Golden.PathOf("hovle_tiny.safetensors")), Parts(_folder["x"]));
        Assert.Equal(theirs.Header.Replace(", ", ",").Replace(": ", ":"), ours.Header);
        Assert.True(theirs.Data.AsSpan().SequenceEqual(ours.Data));

        static (string Header, byte[] Data) Parts(string path)
        {
            var bytes = File.ReadAllBytes(path);
            var length = 8 + (int)BitConverter.ToInt64(bytes);
            return (System.Text.Encoding.UTF8.GetString(bytes[8..length]).TrimEnd(), bytes[length..]);
        }
    }

    [Theory]
    [InlineData("../secret.safetensors")]
    [InlineData("/etc/secret.safetensors")]
    [InlineData("a/b.safetensors")]
    [InlineData("..\\secret.safetensors")]
    [InlineData("C:secret.safetensors")]
    [InlineData("model.bin")]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a\0.safetensors")]
    public void A_shard_is_a_file_of_the_folder(string place)
    {
        var path = Write();
        SafetensorsWriter.Write(_folder["secret.safetensors"], [("w", ones(1))]);
        Edit(path, (map, first) => map[first] = place);
        Assert.Contains("is not the name of a safetensors file in its folder", Refused(path));
    }

    static void Edit(string folder, Action<SortedDictionary<string, string>, string> edit)
    {
        var file = Path.Combine(folder, "model.safetensors.index.json");
        var index = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(File.ReadAllText(file))!;
        var map = JsonSerializer.Deserialize<SortedDictionary<string, string>>(index["weight_map"])!;
        edit(map, map.Keys.First());
        File.WriteAllText(file, JsonSerializer.Serialize(new { metadata = index["metadata"], weight_map = map }));
    }

    [Fact]
    public void Everything_that_is_wrong_is_one_error()
    {
        var path = Write();
        string[] shards = [.. Directory.GetFiles(path, "model-*.safetensors").Order(StringComparer.Ordinal)];
        string[] Names(int i)
        {
            using var shard = SafetensorsFile.Open(shards[i]);
            return [.. shard.Tensors.Select(tensor => tensor.Name)];
        }

        // A shard that is a pickle, one that is not there, one with a tensor of another shape, one with a tensor too many.
        var (misshapen, extra) = (Names(2), Names(3));
        File.WriteAllBytes(shards[0], [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]);
        File.Delete(shards[1]);
        SafetensorsWriter.Write(shards[2], misshapen.Select((name, i) => (name, i == 0 ? ones(5) : zeros([.. _plan.Tensors.Single(tensor => tensor.Name == name).Shape]))));
        SafetensorsWriter.Write(shards[3], extra.Select(name => (name, zeros([.. _plan.Tensors.Single(tensor => tensor.Name == name).Shape]))).Append(("extra", ones(1))));
        Edit(path, (map, _) =>
        {
            map["language_model.gone"] = Path.GetFileName(shards[3]);
            map["elsewhere"] = "../x.safetensors";
        });
        var message = Refused(path);
        Assert.StartsWith($"{path}: does not fit GoldenSeed: ", message);
        Assert.Contains("'../x.safetensors' is not the name of a safetensors file in its folder", message);
        Assert.Contains($"{shards[0]}: this is a Python pickle", message);
        Assert.Contains($"{shards[1]}: cannot be read: no such file", message);
        Assert.Contains($"1 in the index and not in '{Path.GetFileName(shards[3])}': 'language_model.gone'", message);
        Assert.Contains($"1 not in the index and in '{Path.GetFileName(shards[3])}': 'extra'", message);
        Assert.Contains($"1 of the wrong shape: '{misshapen[0]}' (5) instead of", message);
        Assert.DoesNotContain("missing", message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_tensor_in_two_shards()
    {
        var path = Write();
        string[] shards = [.. Directory.GetFiles(path, "model-*.safetensors").Order(StringComparer.Ordinal)];
        string name;
        using (var first = SafetensorsFile.Open(shards[0])) name = first.Tensors[0].Name;
        using (var second = SafetensorsFile.Open(shards[1]))
        {
            var all = second.Tensors.Select(tensor => (tensor.Name, second.Read(tensor.Name))).Append((name, ones(1))).ToArray();
            SafetensorsWriter.Write(shards[1], all);
        }
        var message = Refused(path);
        Assert.Contains($"'{name}' is in '{Path.GetFileName(shards[1])}' and in '{Path.GetFileName(shards[0])}'", message);
    }

    [Theory]
    [InlineData("{", "is not valid JSON")]
    [InlineData("[]", "has no object weight_map")]
    [InlineData("{\"weight_map\": []}", "has no object weight_map")]
    [InlineData("{\"weight_map\": {}}", "names no tensor")]
    [InlineData("{\"weight_map\": {\"a\": 1}}", "the place of 'a' is not the name of a file")]
    [InlineData("{\"weight_map\": {\"a\": \"x.safetensors\", \"a\": \"y.safetensors\"}}", "'a' stands twice")]
    public void An_index_that_is_none(string json, string message)
    {
        var path = Write();
        File.WriteAllText(Path.Combine(path, "model.safetensors.index.json"), json);
        Assert.Contains(message, Refused(path));
    }

    [Theory]
    [InlineData("1", "total_size is 1, and the tensors are ")]
    [InlineData("-5", "total_size is '-5'; expected bytes")]
    [InlineData("0.5", "total_size is '0.5'; expected bytes")]
    [InlineData("1e99", "total_size is '1e99'; expected bytes")]
    [InlineData("\"9\"", "total_size is '\"9\"'; expected bytes")]
    public void An_index_that_lies_about_the_size(string size, string message)
    {
        var path = Write();
        TotalSize(path, size);
        Assert.Contains($"model.safetensors.index.json: {message}", Refused(path));
        Assert.DoesNotContain("; ", Refused(path).Replace(message, ""));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{0}.0")]
    public void An_index_need_not_say_the_size_and_may_say_it_as_others_do(string? size)
    {
        var path = Write();
        TotalSize(path, size?.Replace("{0}", (4 * _plan.ParameterCount).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        using var parameters = new CheckpointParameters(path, _plan);
        Same(new DrawnParameters(7), parameters);
    }

    static void TotalSize(string folder, string? size)
    {
        var file = Path.Combine(folder, "model.safetensors.index.json");
        var text = File.ReadAllText(file);
        var written = System.Text.RegularExpressions.Regex.Replace(text, "\"total_size\": \\d+", size is null ? "" : $"\"total_size\": {size}");
        Assert.NotEqual(text, written);
        File.WriteAllText(file, written);
    }

    [Fact]
    public void Folders_without_weights_or_with_too_many()
    {
        Directory.CreateDirectory(_folder["e"]);
        Assert.Equal($"{_folder["e"]}: holds no safetensors file", Refused(_folder["e"]));
        File.WriteAllText(_folder["e/pytorch_model.bin"], "x");
        Assert.Contains("'pytorch_model.bin' is a pickle, which can run code and is not read", Refused(_folder["e"]));
        SafetensorsWriter.Write(_folder["e/a.safetensors"], [("w", ones(1))]);
        Assert.Contains("does not fit GoldenSeed", Refused(_folder["e"]));
        SafetensorsWriter.Write(_folder["e/b.safetensors"], [("w", ones(1))]);
        Assert.Contains("holds 2 safetensors files and no model.safetensors.index.json: 'a.safetensors', 'b.safetensors'; name the one that is meant", Refused(_folder["e"]));
    }

    [Fact]
    public void A_whole_file_beside_an_index_that_does_not_name_it()
    {
        var path = Write();
        SafetensorsWriter.Write(Path.Combine(path, "model.safetensors"), [("w", ones(1))]);
        Assert.Contains("model.safetensors is in the folder and not in its model.safetensors.index.json", Refused(path));
    }

    [Fact]
    public void A_plan_beside_the_weights_is_carried_and_has_to_agree()
    {
        var path = Write();
        CheckpointFolder.WriteText(Path.Combine(path, CheckpointFolder.Plan), PlanJson.Write(_plan));
        Assert.Equal(_plan, Checkpoint.ReadPlan(path));
        using (var loaded = Checkpoint.Load(null, path)) Assert.Equal(_plan, loaded.Plan);
        CheckpointFolder.WriteText(Path.Combine(path, CheckpointFolder.Plan), PlanJson.Write(_plan with { Name = "Other", Fingerprint = "fedcba9876543210" }));
        Assert.Contains("it was saved by Other (fedcba9876543210), another architecture", Refused(path));
        CheckpointFolder.WriteText(Path.Combine(path, CheckpointFolder.Plan), "{}");
        Assert.Contains("plan.json", Refused(path));
    }
}
