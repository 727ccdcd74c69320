using System.Globalization;
using System.Runtime.InteropServices;
using MmMamba.Cli.Reports;
using MmMamba.Runtime;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Vision;

namespace MmMamba.Cli.Live;

/// <summary>A conversation at the terminal, or through pipes: a question a line, answers as they are written.</summary>
/// <param name="session">The conversation.</param>
/// <param name="options">How answers are written.</param>
/// <param name="input">Questions and commands.</param>
/// <param name="output">Answers.</param>
/// <param name="error">What was refused.</param>
/// <param name="interruption">Ctrl-C: ends an answer, or at the prompt the conversation.</param>
/// <param name="interactive">Whether somebody sits there: they are prompted, and told what there is.</param>
sealed class ChatTerminal(
    ChatSession session, GenerationOptions options, TextReader input, TextWriter output, TextWriter error, Interruption interruption, bool interactive)
{
    const string Commands = "/image FILE adds a picture to the next question, /save FILE keeps the conversation, /quit ends it";

    readonly List<RgbImage> _images = [];

    /// <summary>Adds pictures to the next question.</summary>
    public void Attach(IEnumerable<string> paths) => _images.AddRange(paths.Select(ImageDecoder.Decode).ToArray());

    /// <summary>Asks, and prints the answer.</summary>
    /// <exception cref="OperationCanceledException">Cancelled: conversation and pictures are as before.</exception>
    public void Ask(string question, CancellationToken cancellation)
    {
        // The pictures go with this question, answered or refused.
        RgbImage[] images = [.. _images];
        _images.Clear();
        try
        {
            session.Ask(question, images, options, text =>
            {
                output.Write(Printable.Lines(text));
                output.Flush();
            }, cancellation);
        }
        catch (OperationCanceledException)
        {
            _images.AddRange(images);
            output.WriteLine();
            throw;
        }
        output.WriteLine();
        Notice.OfDecoding(error, session.Model.Device.type, session.DecodePath);
    }

    /// <summary>
    /// Takes questions until the input ends. What is refused is said, and the conversation goes on, as it does after an answer that was interrupted.
    /// </summary>
    /// <returns>False if the conversation was interrupted at the prompt, or twice in an answer.</returns>
    public bool Run()
    {
        try
        {
            Talk();
            return true;
        }
        catch (OperationCanceledException) when (interruption.Stop.IsCancellationRequested)
        {
            if (interactive) output.WriteLine();
            return false;
        }
    }

    void Talk()
    {
        if (interactive) output.WriteLine(Printable.Line($"{session.Model.Plan.Name}: {Commands}."));
        foreach (var turn in session.History)
        {
            output.WriteLine(Printable.Lines($"> {turn.Question}"));
            output.WriteLine(Printable.Lines(turn.Answer));
        }
        while (Next() is { } line)
        {
            var waiting = _images.Count;
            try
            {
                if (line is "/quit") break;
                if (line.StartsWith("/image ", StringComparison.Ordinal)) Attach([line["/image ".Length..].Trim()]);
                else if (line.StartsWith("/save ", StringComparison.Ordinal)) Save(line["/save ".Length..].Trim());
                else if (line.StartsWith('/')) throw new InputException($"'{line.Split(' ')[0]}' is no command; {Commands}");
                else if (!string.IsNullOrWhiteSpace(line) && !interruption.Do(cancellation => Ask(line, cancellation)))
                    error.WriteLine("mmmamba: interrupted; the conversation is as it was before the question");
            }
            catch (InputException refused)
            {
                var away = waiting > 0 && _images.Count == 0 ? "; its pictures are put away, and /image FILE adds them again" : "";
                error.WriteLine(Printable.Line($"mmmamba: {refused.Message.TrimEnd('.')}{away}"));
            }
            catch (ExternalException libtorch)
            {
                // Memory is missing: the conversation is as it was, and can still be saved.
                error.WriteLine(Printable.Line($"mmmamba: libtorch: {libtorch.Message.ReplaceLineEndings("\n").Split('\n')[0]}"));
            }
        }
    }

    /// <summary>Saves the conversation.</summary>
    public void Save(string path)
    {
        session.Save(path);
        error.WriteLine(Printable.Line(string.Create(CultureInfo.InvariantCulture,
            $"{path}: {session.History.Count} turns, {session.Length} tokens, {new FileInfo(path).Length / 1024.0 / 1024:0.00} MiB")));
    }

    // Reading a line cannot be cancelled: it is left to itself, and waited for no longer.
    string? Next()
    {
        interruption.Stop.ThrowIfCancellationRequested();
        if (interactive) output.Write("> ");
        return Task.Run(input.ReadLine).WaitAsync(interruption.Stop).GetAwaiter().GetResult();
    }
}
