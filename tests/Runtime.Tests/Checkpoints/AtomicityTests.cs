using MmMamba.Runtime.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

public sealed class AtomicityTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_tensor_that_fails_half_way_leaves_the_old_file_and_nothing_else()
    {
        File.WriteAllText(_folder["model.safetensors"], "the old one");
        SafetensorsEntry[] entries =
        [
            new("a", ScalarType.Float32, [300_000], () => ones(300_000)),
            new("b", ScalarType.Float32, [1], () => throw new InvalidOperationException("no b")),
        ];
        var e = Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(_folder["model.safetensors"], entries));
        Assert.Equal("no b", e.Message);
        Assert.Equal("the old one", File.ReadAllText(_folder["model.safetensors"]));
        Assert.Equal(["model.safetensors"], _folder.Names);
    }

    [Fact]
    public void An_enumeration_that_fails_leaves_the_old_file_and_nothing_else()
    {
        File.WriteAllText(_folder["model.safetensors"], "the old one");
        Assert.Throws<InvalidOperationException>(() => SafetensorsWriter.Write(_folder["model.safetensors"], Failing()));
        Assert.Equal("the old one", File.ReadAllText(_folder["model.safetensors"]));
        Assert.Equal(["model.safetensors"], _folder.Names);

        static IEnumerable<(string, Tensor)> Failing()
        {
            using var one = ones(3);
            yield return ("a", one);
            throw new InvalidOperationException();
        }
    }

    [Fact]
    public void The_target_is_replaced_while_the_old_one_is_open()
    {
        File.WriteAllText(_folder["f"], "old");
        using var reader = File.OpenText(_folder["f"]);
        AtomicFile.Write(_folder["f"], "new"u8.ToArray());
        Assert.Equal("new", File.ReadAllText(_folder["f"]));
        Assert.Equal("old", reader.ReadToEnd());
        Assert.Equal(["f"], _folder.Names);
    }

    [Fact]
    public void Folders_above_are_made_and_a_link_keeps_pointing()
    {
        AtomicFile.Write(_folder["a/b/f"], "x"u8.ToArray());
        Assert.Equal("x", File.ReadAllText(_folder["a/b/f"]));
        File.CreateSymbolicLink(_folder["link"], _folder["a/b/f"]);
        AtomicFile.Write(_folder["link"], "y"u8.ToArray());
        Assert.Equal("y", File.ReadAllText(_folder["a/b/f"]));
        Assert.NotNull(File.ResolveLinkTarget(_folder["link"], false));
    }

    [Fact]
    public void A_folder_or_a_file_in_the_way_is_said_in_one_line()
    {
        Directory.CreateDirectory(_folder["d"]);
        var folder = Assert.Throws<InputException>(() => AtomicFile.Write(_folder["d"], "x"u8.ToArray()));
        Assert.Contains("it is a folder", folder.Message);
        File.WriteAllText(_folder["f"], "");
        var below = Assert.Throws<InputException>(() => AtomicFile.Write(_folder["f/g"], "x"u8.ToArray()));
        Assert.StartsWith($"{_folder["f/g"]}: cannot be written", below.Message);
        Assert.Equal(["d", "f"], _folder.Names);
    }
}
