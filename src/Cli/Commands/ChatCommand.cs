using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Live;
using MmMamba.Cli.Specs;
using MmMamba.Runtime;
using MmMamba.Runtime.Generation;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba chat</c>: questions about pictures, answered in the terminal.</summary>
static class ChatCommand
{
    /// <param name="interruption">Ctrl-C: of an answer, or of the whole conversation.</param>
    public static Command Create(Interruption interruption)
    {
        var checkpoint = new Argument<string?>("checkpoint") { Description = "A checkpoint: a folder or a safetensors file. Without it: the tiny teacher that comes with the tool.", DefaultValueFactory = _ => null };
        var ask = new Option<string?>("--ask") { Description = "One question; its answer alone is printed. Without it: a conversation, a question a line." };
        var image = RunOptions.NotEmpty(new Option<string[]>("--image") { Description = "A picture of the first question; may be given several times, in the order of its <image> marks.", DefaultValueFactory = _ => [] });
        var model = new Option<string?>("--model") { Description = "The spec that the checkpoint must fit, by name or file; without it, what the checkpoint says." };
        var tokenizer = RunOptions.NotEmpty(new Option<string?>("--tokenizer") { Description = "A SentencePiece tokenizer.model; without it, the one in the checkpoint's folder, or the tiny models'." });
        var system = new Option<string?>("--system") { Description = "The system message; without it, the model's own." };
        var context = RunOptions.Range(new Option<int>("--context") { Description = "Tokens of the whole conversation: attention layers take memory for all of them.", DefaultValueFactory = _ => 8192 }, 1, 1 << 20);
        var resume = RunOptions.NotEmpty(new Option<string?>("--resume") { Description = "Go on with a conversation that was saved." });
        var save = RunOptions.NotEmpty(new Option<string?>("--save") { Description = "Where to save the conversation at its end: what the model remembers, and the turns." });
        var command = new Command("chat", "Ask a model about pictures.") { checkpoint, ask, image, model, tokenizer, system, context, resume, save };
        var compute = new ComputeOptions(command, readsWeights: true, holdsStates: true);
        var writing = new GenerationArguments(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(resume) is not null && result.GetResult(system) is not null) result.AddError("--system begins a conversation, and --resume goes on with one; give one of them.");
        });
        command.SetAction((result, cancellation) =>
        {
            var options = writing.Read(result);
            var path = result.GetValue(checkpoint) ?? TinyTeacher.Path ?? throw new InputException("no checkpoint comes with this build of the tool; name one.");
            var settings = compute.Open(result);
            if (!File.Exists(path) && !Directory.Exists(path)) throw new InputException($"{path}: there is no such checkpoint; name a folder or a safetensors file.");
            var plan = CheckpointSpec.PlanOf(result.GetValue(model) ?? path);
            var text = Tokenizers.For(plan, path, result.GetValue(tokenizer));
            using var loaded = settings.Load(plan, path);
            using var session = result.GetValue(resume) is { } saved
                ? ChatSession.Resume(saved, loaded, text, result.GetValue(context))
                : new ChatSession(loaded, text, result.GetValue(context), result.GetValue(system));
            var terminal = new ChatTerminal(session, options, Console.In, Console.Out, Console.Error, interruption, interactive: !Console.IsInputRedirected);
            terminal.Attach(result.GetRequiredValue(image));
            var ended = true;
            if (result.GetValue(ask) is { } question) terminal.Ask(question, cancellation);
            else ended = terminal.Run();
            if (result.GetValue(save) is { } target) terminal.Save(target);
            return Task.FromResult(ended ? ExitCode.Ok : interruption.ExitCode);
        });
        return command;
    }
}
