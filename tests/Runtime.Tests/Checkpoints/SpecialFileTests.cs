using System.Diagnostics;
using System.Net.Sockets;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Text;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>What is no file is refused before it is opened: a pipe would be waited for.</summary>
public sealed class SpecialFileTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Pipe(string name)
    {
        using var made = Process.Start("mkfifo", [_folder[name]]);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
        return _folder[name];
    }

    // On a thread of its own, so that a test that waits fails.
    static string Refused(Action open) => Assert.IsType<InputException>(Task.Run(() => Record.Exception(open)).WaitAsync(TimeSpan.FromSeconds(20)).GetAwaiter().GetResult()).Message;

    static string Refused(string path) => Refused(() => CheckpointFiles.Open(path).Dispose());

    [Fact]
    public void Pipes_devices_and_sockets_are_named()
    {
        if (!OperatingSystem.IsLinux()) return;
        var pipe = Pipe("pipe");
        Assert.Equal($"{pipe}: cannot be read: it is a pipe; expected a regular file", Refused(pipe));
        Assert.Equal("/dev/zero: cannot be read: it is a device; expected a regular file", Refused("/dev/zero"));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_folder["socket"]));
        Assert.Equal($"{_folder["socket"]}: cannot be read: it is a socket; expected a regular file", Refused(_folder["socket"]));
        File.CreateSymbolicLink(_folder["link"], pipe);
        Assert.Contains("it is a pipe", Refused(_folder["link"]));
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("model.safetensors.index.json")]
    public void So_are_they_in_a_folder(string name)
    {
        if (!OperatingSystem.IsLinux()) return;
        Assert.Contains($"{Pipe(name)}: cannot be read: it is a pipe", Refused(_folder.Path));
    }

    [Fact]
    public void So_are_a_plan_and_a_tokenizer()
    {
        if (!OperatingSystem.IsLinux()) return;
        Assert.Contains("it is a pipe", Refused(() => CheckpointFolder.ReadText(Pipe("plan.json"))));
        Assert.Contains("it is a pipe", Refused(() => ChatTokenizer.Load(Pipe("tokenizer.model"), 1000)));
    }
}
