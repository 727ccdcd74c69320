using System.Text.RegularExpressions;
using MmMamba.Runtime.Checkpoints;
using TorchSharp;

namespace MmMamba.Cli.Tests.Runs;

/// <summary>Runs that are stopped and go on, as a user sees them.</summary>
[Trait("Category", "Long")]
[Collection(Lanes.Runs)]
public sealed class ResumeTests(ShortRun run)
{
    const int Kill = 9, Stop = 19;

    [Theory]
    [InlineData(2, 130, "introduced")]
    [InlineData(15, 143, "end_to_end")]
    public void A_signal_keeps_what_is_done_and_resume_goes_on(int signal, int code, string stage)
    {
        var output = $"signal-{signal}";
        using (var process = Tool.Start(run.Folder.Path, ShortRun.Command(output, "--checkpoint-every", "2")))
        {
            ShortRun.Until(process, () => HasState(output, stage));
            ShortRun.Signal(process, signal);
            var rest = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Assert.Equal($"mmmamba: stopped; what is done is in {output}: go on with --resume\n", error);
            Assert.Equal(code, process.ExitCode);
        }
        Assert.True(File.Exists(run.Folder[$"{output}/unfinished"]));
        Assert.False(File.Exists(run.Folder[$"{output}/report.html"]));

        Assert.Contains($"{output}: holds a run that is not finished; go on with --resume", Tool.Run(run.Folder.Path, ShortRun.Command(output)).Refusal);
        var other = Tool.Run(run.Folder.Path, ShortRun.Command(output, "--resume", "--seed", "3", "--scale", "2"));
        Assert.Equal(1, other.ExitCode);
        Assert.Contains("run.json: the run here was asked for something else: seed was 0 and is 3; scale was 1 and is 2.", other.Refusal);

        var resumed = Tool.Run(run.Folder.Path, ShortRun.Command(output, "--resume"));
        Assert.True(resumed.ExitCode == 0, resumed.Error + resumed.Output);
        Assert.Equal(stage == "end_to_end", resumed.Output.Contains("mixer: taken from the folder"));
        Assert.Matches($@"{stage}: goes on after step \d+ of 1", resumed.Output);
        run.AssertSame(output);

        var again = Tool.Run(run.Folder.Path, ShortRun.Command(output, "--resume"));
        Assert.Equal((0, $"{output}: this run is finished; there is nothing left to do\n"), (again.ExitCode, again.Output));
    }

    bool HasState(string output, string stage) =>
        Directory.Exists(run.Folder[$"{output}/states"]) && Directory.EnumerateFiles(run.Folder[$"{output}/states"], $"{stage}-*.safetensors").Any();

    [Fact]
    public void One_process_at_a_time_works_on_a_folder_and_a_killed_one_lets_go_of_it()
    {
        using (var first = run.Start(ShortRun.Command("held", "--checkpoint-every", "1")))
        {
            ShortRun.Until(first, () => HasState("held", "introduced"));
            ShortRun.Signal(first, Stop); // it is at work and gets no further: its states go with their stage
            Assert.True(HasState("held", "introduced"));
            var second = Tool.Run(run.Folder.Path, ShortRun.Command("held", "--resume"));
            Assert.Equal(1, second.ExitCode);
            Assert.Equal("mmmamba: held: another process is at work on this run; wait for it, or end it.", second.Refusal);
            Assert.False(first.HasExited);
            ShortRun.Signal(first, Kill);
            first.WaitForExit();
        }
        // The newest state is damaged meanwhile: the one before it is taken, and that is said.
        var newest = Directory.GetFiles(run.Folder["held/states"]).Order(StringComparer.Ordinal).Last();
        var bytes = File.ReadAllBytes(newest);
        bytes[^9] ^= 1;
        File.WriteAllBytes(newest, bytes);
        var resumed = Tool.Run(run.Folder.Path, ShortRun.Command("held", "--resume"));
        Assert.True(resumed.ExitCode == 0, resumed.Error + resumed.Output);
        Assert.Contains($"{Path.GetFileName(newest)}: is damaged", resumed.Output);
        run.AssertSame("held");
    }

    [Fact]
    public void A_full_disk_is_said_in_one_line_and_resume_goes_on_when_there_is_room()
    {
        const string noMount = "no mount";
        File.WriteAllText(run.Folder["full.sh"], $"""
            mkdir -p full && mount -t tmpfs -o size=2m none full || exit 1
            dotnet "$@"; echo "code $?"; ls full/run/states
            mount -o remount,size=64m full || exit 1
            dotnet "$@" --resume > resumed.txt || exit 1
            cp -r full/run roomy
            """);
        string[] command = ["full.sh", Path.Combine(AppContext.BaseDirectory, "mmmamba.dll"), .. ShortRun.Command("full/run", "--checkpoint-every", "1")];
        var probe = Tool.RunCommand("sh", run.Folder.Path, "-c", $"unshare -Urm mount -t tmpfs none . 2>/dev/null || echo '{noMount}'");
        Assert.SkipWhen(probe.Output.Contains(noMount), "a file system of a small size can't be mounted here");
        var result = Tool.RunCommand("unshare", run.Folder.Path, ["-Urm", "sh", .. command]);
        Assert.True(result.ExitCode == 0, result.Error + result.Output);
        Assert.Contains("introduced-00000003.safetensors: cannot be written: ", result.Refusal);
        Assert.Contains("disk was full", result.Refusal);
        Assert.EndsWith("what is done is in full/run: go on with --resume", result.Refusal);
        Assert.Contains("code 5\nintroduced-00000001.safetensors\nintroduced-00000002.safetensors\n", result.Output);
        Assert.Contains("introduced: goes on after step 2 of 12", File.ReadAllText(run.Folder["resumed.txt"]));
        run.AssertSame("roomy");
    }

    [Fact]
    public void Pictures_that_cannot_be_read_stop_the_run_by_name_and_once_they_are_mended_it_goes_on()
    {
        var data = Tool.Run(run.Folder.Path, "data", "--train-conversations", "100", "--test-conversations", "1", "--output", "set");
        Assert.True(data.ExitCode == 0, data.Error);
        string[] pictures = [.. Directory.GetFiles(run.Folder["set/images/train"]).Order(StringComparer.Ordinal)];
        var whole = pictures.ToDictionary(path => path, File.ReadAllBytes);
        foreach (var path in pictures[20..]) File.WriteAllText(path, "no picture");
        string[] command = ShortRun.Command("unread", "--data", "set", "--teacher", Teacher, "--checkpoint-every", "1");
        var stopped = Tool.Run(run.Folder.Path, command);
        Assert.Equal(5, stopped.ExitCode);
        Assert.Matches(@"introduced: \d+ conversations cannot be read, and at most 1 are passed by: .*set/train.jsonl:\d+: image .*images/train/", stopped.Refusal);
        // Nothing was trained yet, and nothing is kept but what the models answered.
        Assert.Equal(["evaluations", "metrics.jsonl", "pictures.jsonl", "run.json", "tensorboard", "unfinished"], Directory.EnumerateFileSystemEntries(run.Folder["unread"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        foreach (var path in pictures) File.WriteAllBytes(path, whole[path]);
        // A picture that could be read and shows something else is no mended one.
        File.WriteAllBytes(pictures[3], whole[pictures[4]]);
        var changed = Tool.Run(run.Folder.Path, [.. command, "--resume"]);
        Assert.Equal(1, changed.ExitCode);
        Assert.EndsWith("pictures.jsonl: pictures were changed since the run began: 'images/train/000003.png'. Put back what they were, or name another output.", changed.Refusal);
        File.WriteAllBytes(pictures[3], whole[pictures[3]]);

        var resumed = Tool.Run(run.Folder.Path, [.. command, "--resume"]);
        Assert.True(resumed.ExitCode == 0, resumed.Error + resumed.Output);
    }

    [Fact]
    public void A_stage_s_artefact_begins_another_run_and_one_that_does_not_fit_is_refused_with_what_differs()
    {
        _ = run.Student;
        var begun = Tool.Run(run.Folder.Path, ShortRun.Command("begun", "--from-stage", "undisturbed/stages/mixer.safetensors", "--teacher", Teacher));
        Assert.True(begun.ExitCode == 0, begun.Error + begun.Output);
        Assert.DoesNotContain("introduced", begun.Output);
        Assert.Equal(run.Student, File.ReadAllBytes(run.Folder["begun/student.safetensors"]));

        File.WriteAllText(run.Folder["other.mmmodel.yaml"], "mmmodel: 1\nmodel: Other\nextends: TinyMmMambaLinear\nsummary: Longer taps.\nmamba2: { conv: 4 }\n");
        var other = Tool.Run(run.Folder.Path, "distill", "other.mmmodel.yaml", "--output", "other", "--from-stage", "undisturbed/stages/mixer.safetensors", "--teacher", Teacher);
        Assert.Equal(1, other.ExitCode);
        Assert.Contains("layers[].mixer.conv (0, 1, 2, 3, 4, 5) was 2 and is 4", other.Refusal);
        Assert.False(Directory.Exists(run.Folder["other"]));
    }

    [Fact]
    public void States_that_were_asked_for_stay_when_their_stage_is_done_and_become_what_it_would_have_left()
    {
        var kept = Tool.Run(run.Folder.Path, ShortRun.Command("kept", "--checkpoint-every", "1", "--keep", "4", "--keep-every", "5"));
        Assert.True(kept.ExitCode == 0, kept.Error + kept.Output);
        Assert.True(run.Student.SequenceEqual(File.ReadAllBytes(run.Folder["kept/student.safetensors"])), "the students differ");
        string[] states = [.. Directory.GetFiles(run.Folder["kept/states"]).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];
        foreach (var state in (string[])["introduced-00000010", "mixer-00000010", "end_to_end-00000010", "end_to_end-00000015"]) Assert.Contains($"{state}.safetensors", states);
        Assert.InRange(states.Length, 4, 9); // and the best of each stage, unless that is one of these
        Assert.Equal("kept: this run is finished; there is nothing left to do\n", Tool.Run(run.Folder.Path, ShortRun.Command("kept", "--resume")).Output);
        Assert.Equal(states.Length, Directory.GetFiles(run.Folder["kept/states"]).Length);

        Artefact("introduced", "stages/introduced");
        Artefact("mixer", "stages/mixer");
        Artefact("end_to_end", "student");
        var chain = Tool.Run(run.Folder.Path, "inspect", "end_to_end.safetensors").Output;
        Assert.Contains("mixer: 12 steps of 2", chain);
        Assert.Contains("end_to_end: 10 steps of 2", chain);
        var begun = Tool.Run(run.Folder.Path, ShortRun.Command("begun-at-state", "--from-stage", "mixer.safetensors", "--teacher", Teacher));
        Assert.True(begun.ExitCode == 0, begun.Error + begun.Output);
        Assert.Contains("mixer: taken from the folder", begun.Output);

        Refused("run.json: the run here was of another model than TinyMmMambaLinear", "TinyMmMambaLinear", "kept/states/mixer-00000010.safetensors");
        Refused("introduced.safetensors: is no state of a training", "interrupted.mmmodel.yaml", "introduced.safetensors");
        File.Copy(run.Folder["kept/states/mixer-00000010.safetensors"], run.Folder["moved.safetensors"]);
        Refused("moved.safetensors: there is no run.json of its run", "interrupted.mmmodel.yaml", "moved.safetensors");
        Assert.Contains("mixer.safetensors: exists", Tool.Run(run.Folder.Path, "artefact", "interrupted.mmmodel.yaml", "moved.safetensors", "--output", "mixer.safetensors").Refusal);

        // What a stage began after is never made up for.
        foreach (var (gone, stage) in ((string, string)[])[("introduced", "mixer"), ("mixer", "end_to_end")])
        {
            File.Move(run.Folder[$"kept/stages/{gone}.safetensors"], run.Folder["aside.safetensors"]);
            Refused($"stages/{gone}.safetensors: is gone, and the {stage} stage began after it", "interrupted.mmmodel.yaml", $"kept/states/{stage}-00000010.safetensors");
            File.Move(run.Folder["aside.safetensors"], run.Folder[$"kept/stages/{gone}.safetensors"]);
        }

        // What the stage trained is the state's, and the rest what it was after the stage as well.
        void Artefact(string stage, string whole)
        {
            var made = Tool.Run(run.Folder.Path, "artefact", "interrupted.mmmodel.yaml", $"kept/states/{stage}-00000010.safetensors", "--output", $"{stage}.safetensors");
            Assert.Equal((0, $"{stage}.safetensors: {stage} after step 10 of {(stage == "end_to_end" ? 16 : 12)}\n"), (made.ExitCode, made.Output));
            using var artefact = SafetensorsFile.Open(run.Folder[$"{stage}.safetensors"]);
            using var state = SafetensorsFile.Open(run.Folder[$"kept/states/{stage}-00000010.safetensors"]);
            using var finished = SafetensorsFile.Open(run.Folder[$"kept/{whole}.safetensors"]);
            Assert.Equal(finished.Tensors.Select(tensor => tensor.Name), artefact.Tensors.Select(tensor => tensor.Name));
            var trained = 0;
            foreach (var name in artefact.Tensors.Select(tensor => tensor.Name))
            {
                using var scope = torch.NewDisposeScope();
                var isTrained = state.Find($"weight/{name}") is not null;
                if (isTrained) trained++;
                Assert.True(artefact.Read(name).equal(isTrained ? state.Read($"weight/{name}") : finished.Read(name)).all().item<bool>(), name);
            }
            Assert.InRange(trained, 1, artefact.Tensors.Count);
        }

        void Refused(string why, params string[] named) => Assert.Contains(why, Tool.Run(run.Folder.Path, ["artefact", .. named, "--output", "refused.safetensors"]).Refusal);
    }

    [Fact]
    public void A_run_goes_on_with_its_teacher_alone_also_where_that_differs_in_no_tensor()
    {
        void Spec(int theta) => File.WriteAllText(run.Folder["mine.mmmodel.yaml"], $"mmmodel: 1\nmodel: Mine\nextends: TinyHovle\nattention: {{ rope: {{ theta: {theta} }} }}\n");
        File.WriteAllText(run.Folder["of-mine.mmmodel.yaml"],
            "mmmodel: 1\nmodel: OfMine\nextends: TinyMmMambaLinear\nteacher: Mine\ndistill: { stages: { introduced: { batch: 2, steps: 3 }, mixer: { batch: 2, steps: 2 }, end_to_end: { batch: 2, steps: 2 } } }\n");
        // Weights that do not say of which model they are.
        using (var scope = torch.NewDisposeScope())
        using (var file = SafetensorsFile.Open(Teacher))
            SafetensorsWriter.Write(run.Folder["mine.safetensors"], file.Tensors.Select(tensor => (tensor.Name, file.Read(tensor.Name))));
        string[] command = ["distill", "of-mine.mmmodel.yaml", "--teacher", "mine.safetensors", "--test-conversations", "1", "--threads", "1", "--output", "of-mine"];
        Spec(10000);
        var done = Tool.Run(run.Folder.Path, [.. command, "--checkpoint-every", "1", "--keep-every", "1"]);
        Assert.True(done.ExitCode == 0, done.Error + done.Output);
        Spec(20000);
        Assert.Contains("teacher_architecture was ", Tool.Run(run.Folder.Path, [.. command, "--resume"]).Refusal);
        var state = "of-mine/states/introduced-00000002.safetensors";
        Assert.Contains(": its spec has changed since", Tool.Run(run.Folder.Path, "artefact", "of-mine.mmmodel.yaml", state, "--teacher", "mine.safetensors", "--output", "no.safetensors").Refusal);
    }

    [Fact]
    public void A_state_of_a_teacher_s_training_becomes_a_checkpoint()
    {
        var train = Tool.Run(run.Folder.Path, "train", "--steps", "4", "--batch", "2", "--test-conversations", "1", "--threads", "1", "--checkpoint-every", "2", "--keep-every", "1", "--half", "--output", "taught.safetensors");
        Assert.True(train.ExitCode == 0, train.Error + train.Output);
        Assert.Equal(["teacher-00000002.safetensors"], Directory.GetFiles(run.Folder["taught.safetensors.run/states"]).Select(Path.GetFileName));
        string[] artefact = ["artefact", "TinyHovle", "taught.safetensors.run/states/teacher-00000002.safetensors", "--output", "half-taught.safetensors"];
        Assert.Contains("leave out --teacher", Tool.Run(run.Folder.Path, [.. artefact, "--teacher", "taught.safetensors"]).Refusal);
        var made = Tool.Run(run.Folder.Path, artefact);
        Assert.Equal((0, "half-taught.safetensors: teacher after step 2 of 4\n"), (made.ExitCode, made.Output));
        using var checkpoint = SafetensorsFile.Open(run.Folder["half-taught.safetensors"]);
        using var state = SafetensorsFile.Open(run.Folder["taught.safetensors.run/states/teacher-00000002.safetensors"]);
        foreach (var name in checkpoint.Tensors.Select(tensor => tensor.Name))
        {
            using var scope = torch.NewDisposeScope();
            Assert.True(checkpoint.Read(name).equal(state.Read($"weight/{name}").to(torch.ScalarType.Float16)).all().item<bool>(), name);
        }
        Assert.Equal(0, Tool.Run(run.Folder.Path, "eval", "half-taught.safetensors", "--test-conversations", "1").ExitCode);
    }

    static string Teacher => Path.Combine(AppContext.BaseDirectory, "checkpoints", "tiny-hovle.safetensors");

    [Fact]
    public void A_teacher_s_training_goes_on_and_its_folder_tells_what_it_was()
    {
        string[] Command(string output, params string[] more) => ["train", "--steps", "5", "--batch", "2", "--test-conversations", "1", "--threads", "1", "--output", output, .. more];
        var whole = Tool.Run(run.Folder.Path, Command("whole.safetensors"));
        Assert.True(whole.ExitCode == 0, whole.Error + whole.Output);
        using (var process = run.Start(Command("cut.safetensors", "--checkpoint-every", "1")))
        {
            ShortRun.Until(process, () => File.Exists(run.Folder["cut.safetensors.run/states/teacher-00000002.safetensors"]));
            ShortRun.Signal(process, Kill);
            process.WaitForExit();
        }
        Assert.False(File.Exists(run.Folder["cut.safetensors"]));
        var resumed = Tool.Run(run.Folder.Path, Command("cut.safetensors", "--resume"));
        Assert.True(resumed.ExitCode == 0, resumed.Error + resumed.Output);
        Assert.Matches(new Regex(@"teacher: goes on after step [2-5] of 5"), resumed.Output);
        Assert.Equal(File.ReadAllBytes(run.Folder["whole.safetensors"]), File.ReadAllBytes(run.Folder["cut.safetensors"]));
        Assert.Equal(["metrics.jsonl", "run.json", "tensorboard"], Directory.EnumerateFileSystemEntries(run.Folder["cut.safetensors.run"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var lines = File.ReadAllLines(run.Folder["cut.safetensors.run/metrics.jsonl"]);
        Assert.Equal(5, lines.Count(line => line.Contains("\"stage\":\"teacher\"")));
        Assert.Contains("\"model\":\"teacher\"", lines[^1]);

        // Done is what was asked for, and nothing else.
        Finished("this run is finished");
        Refused("cut.safetensors: exists; name another file, or remove it.");
        Refused("run.json: the run here was asked for something else: seed was 0 and is 3", "--resume", "--seed", "3");

        // A process that ended after its output and before its folder's end left nothing to do.
        File.WriteAllText(run.Folder["cut.safetensors.run/unfinished"], "");
        Finished("this run is finished");
        Assert.False(File.Exists(run.Folder["cut.safetensors.run/unfinished"]));

        // Another file under the output's name is not written over, whether the run is finished or not.
        var output = File.ReadAllBytes(run.Folder["cut.safetensors"]);
        foreach (var marker in (string[])["", "unfinished"])
        {
            if (marker.Length > 0) File.WriteAllText(run.Folder[$"cut.safetensors.run/{marker}"], "");
            foreach (var other in (byte[][])["mine"u8.ToArray(), File.ReadAllBytes(Teacher)])
            {
                File.WriteAllBytes(run.Folder["cut.safetensors"], other);
                Refused("cut.safetensors: exists, and is not what the run in cut.safetensors.run wrote", "--resume");
                Assert.Equal(other, File.ReadAllBytes(run.Folder["cut.safetensors"]));
            }
            File.Delete(run.Folder["cut.safetensors"]);
            if (marker.Length == 0) Refused("cut.safetensors.run: this run is finished, and cut.safetensors is gone", "--resume");
        }
        Directory.Delete(run.Folder["cut.safetensors.run"], recursive: true);
        File.WriteAllBytes(run.Folder["cut.safetensors"], output);
        Refused("cut.safetensors: exists, and there is no cut.safetensors.run that tells what it was asked for", "--resume");

        void Finished(string said)
        {
            var again = Tool.Run(run.Folder.Path, Command("cut.safetensors", "--resume"));
            Assert.Equal((0, $"cut.safetensors: {said}; there is nothing left to do\n"), (again.ExitCode, again.Output));
        }

        void Refused(string why, params string[] more)
        {
            var again = Tool.Run(run.Folder.Path, Command("cut.safetensors", more));
            Assert.Equal(1, again.ExitCode);
            Assert.Contains(why, again.Refusal);
        }
    }
}
