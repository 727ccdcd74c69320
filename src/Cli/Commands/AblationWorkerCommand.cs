using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using MmMamba.Cli.Ablations;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Commands;

/// <summary>
/// <c>mmmamba ablation-worker</c>: what 'ablate' starts several of. It reads its set-up and then work from standard input, a line each, and answers on
/// standard output. It ends when there is no more work, or when whoever started it does.
/// </summary>
static class AblationWorkerCommand
{
    public static Command Create()
    {
        var command = new Command("ablation-worker", "Does the work of an ablation; started by 'ablate'.") { Hidden = true };
        var run = new RunOptions(command);
        command.SetAction((result, cancellation) =>
        {
            var replies = Console.Out;
            Console.SetOut(TextWriter.Null); // what one tells of data was told before
            var setup = WorkerMessages.Parse<WorkerSetup>(Console.In.ReadLine() ?? "") ?? throw new InputException("ablation-worker is started by 'mmmamba ablate'.");
            var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var tasks = new BlockingCollection<WorkerTask>();
            var reading = new Thread(() => Read(tasks, stop)) { IsBackground = true };
            reading.Start();

            var settings = run.Open(result, stop.Token);
            using var teacher = Checkpoint.Load(PlanJson.Parse(setup.TeacherPlan), setup.Teacher, settings.Device);
            var worker = new AblationWorker(teacher, setup, settings, Tell, stop.Token);
            Tell(new(ReplyKind.Ready));
            foreach (var task in tasks.GetConsumingEnumerable(stop.Token))
                Tell(Do(worker, task) is { } why ? new(ReplyKind.Failed, why) : new(ReplyKind.Ready));
            return Task.FromResult(ExitCode.Ok);

            void Tell(WorkerReply reply)
            {
                lock (replies)
                {
                    replies.WriteLine(WorkerMessages.Line(reply));
                    replies.Flush();
                }
            }
        });
        return command;
    }

    // An empty line says that there is no more work, what is no task that it is to stop. The end of the input says that nobody is there any more.
    static void Read(BlockingCollection<WorkerTask> tasks, CancellationTokenSource stop)
    {
        while (Console.In.ReadLine() is { } line)
        {
            if (line.Length == 0) tasks.CompleteAdding();
            else if (WorkerMessages.Parse<WorkerTask>(line) is { } task) tasks.Add(task);
            else stop.Cancel();
        }
        Process.GetCurrentProcess().Kill();
    }

    // Why it failed, in one line; null where it did not.
    static string? Do(AblationWorker worker, WorkerTask task)
    {
        try
        {
            worker.Do(task);
            return null;
        }
        catch (Exception failed) when (failed is InputException or IOException or UnauthorizedAccessException or ExternalException)
        {
            return Printable.Line(failed.Message.ReplaceLineEndings(" "));
        }
    }
}
