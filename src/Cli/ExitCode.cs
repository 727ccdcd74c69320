namespace MmMamba.Cli;

/// <summary>What the tool's exit code says.</summary>
static class ExitCode
{
    public const int Ok = 0;

    /// <summary>The input was refused: a spec, a checkpoint, a picture, a file. One line on standard error says why.</summary>
    public const int Refused = 1;

    /// <summary>The command line was wrong.</summary>
    public const int Usage = 2;

    /// <summary>A mistake of the tool itself.</summary>
    public const int Internal = 3;

    /// <summary>Two models differ, and <c>diff --exit-code</c> was asked.</summary>
    public const int Differs = 4;

    /// <summary>A run came to a stop before its end: no room for a state, data that can't be read, losses that are no numbers. Its folder holds what is done.</summary>
    public const int Stopped = 5;

    /// <summary>Interrupted from the keyboard.</summary>
    public const int Interrupted = 130;

    /// <summary>Asked by the system to end.</summary>
    public const int Terminated = 143;
}
