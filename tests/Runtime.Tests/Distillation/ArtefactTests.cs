using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Checkpoints;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

public class ArtefactTests
{
    static string Refusal(Action action) => Assert.Throws<InputException>(action).Message;

    static MixerArtefact Trained(VisionLanguageModel teacher)
    {
        using var introduced = IntroducedArtefact.Skipped(teacher, GoldenModel.Hybrid, 3);
        var options = TrainingOptions.Of(GoldenModel.Hybrid.RecipeOf(), StageKind.Mixer) with { Steps = 2, Seed = 4, Data = "a \"set\" of two" };
        return new MixerDistillation(teacher, GoldenModel.Hybrid).RunMixer(introduced, StageGoldens.Batches(), options);
    }

    [Fact]
    public void An_artefact_survives_a_file_with_the_chain_that_made_it()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var artefact = Trained(teacher);
        artefact.Save(folder["mixers.safetensors"]);
        // Made for the hybrid, taken by the linear student: both convert to the same form.
        using var loaded = MixerArtefact.Load(folder["mixers.safetensors"], GoldenModel.Linear);

        Assert.Equal(artefact.Mixers.Hash, loaded.Mixers.Hash);
        Assert.Equal(artefact.Mixers.Chain, loaded.Mixers.Chain);
        var (introduced, mixer) = (loaded.Mixers.Chain.Stages[0], loaded.Mixers.Chain.Stages[1]);
        Assert.Equal((StageKind.Introduced, true), (introduced.Stage, introduced.Skipped));
        Assert.Equal((StageKind.Mixer, false, 2, 4ul, "a \"set\" of two"), (mixer.Stage, mixer.Skipped, mixer.Steps, mixer.Seed, mixer.Data));
        Assert.Equal(introduced.Parent, mixer.Parent); // nothing was trained in between
        using var student = StudentAssembly.Build(teacher, GoldenModel.Linear, loaded.Mixers);
    }

    [Fact]
    public void A_file_of_another_stage_model_or_kind_is_refused_in_one_sentence()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var artefact = Trained(teacher);
        var path = folder["mixers.safetensors"];
        artefact.Save(path);

        Assert.Contains("expected mixers after the introduced stage, found them after the mixer stage", Refusal(() => IntroducedArtefact.Load(path, GoldenModel.Hybrid)));

        var other = GoldenModel.Hybrid with { Distillation = GoldenModel.Hybrid.Distillation! with { ConvertedFingerprint = "0123456789abcdef" } };
        Assert.Contains("converts to '0123456789abcdef'", Refusal(() => MixerArtefact.Load(path, other)));
        Assert.Contains("has no recipe", Refusal(() => MixerArtefact.Load(path, GoldenModel.Hovle)));
        Assert.Contains("not an artefact of distillation", Refusal(() => MixerArtefact.Load(Golden.PathOf("mmmamba_tiny_mixers.safetensors"), GoldenModel.Hybrid)));

        using var file = SafetensorsFile.Open(path);
        var metadata = file.Metadata.ToDictionary();
        var tensors = file.Tensors.Select(tensor => (tensor.Name, file.Read(tensor.Name))).ToArray();
        SafetensorsWriter.Write(folder["short.safetensors"], tensors[1..], metadata);
        Assert.Contains(tensors[0].Name, Refusal(() => MixerArtefact.Load(folder["short.safetensors"], GoldenModel.Hybrid)));
        SafetensorsWriter.Write(folder["shape.safetensors"], [(tensors[0].Name, ones(3, 3)), .. tensors[1..]], metadata);
        Assert.Contains("(3, 3), expected", Refusal(() => MixerArtefact.Load(folder["shape.safetensors"], GoldenModel.Hybrid)));
        foreach (var chain in new[] { "{", "[]", "{}", "{\"teacher\":{\"name\":\"x\",\"fingerprint\":\"y\",\"hash\":\"z\"},\"seed\":-1,\"stages\":[]}", "{\"teacher\":null}" })
        {
            SafetensorsWriter.Write(folder["chain.safetensors"], tensors, new Dictionary<string, string>(metadata) { ["mmmamba.chain"] = chain });
            Assert.Contains("not a chain of artefacts", Refusal(() => MixerArtefact.Load(folder["chain.safetensors"], GoldenModel.Hybrid)));
        }
    }

    [Fact]
    public void Mixers_of_another_teacher_are_refused()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var artefact = Trained(teacher);
        using var turned = new VisionLanguageModel(GoldenModel.Hovle with { Fingerprint = "0123456789abcdef" }, new GoldenModel.Values(teacher.Tensors.ToDictionary(entry => entry.Key, entry => (Tensor)entry.Value)));
        Assert.Contains("and it is 0123456789abcdef: its spec has changed since", Refusal(() => StudentAssembly.Build(turned, GoldenModel.Hybrid, artefact.Mixers)));
        using (no_grad()) teacher.Tensors["language_model.output.weight"].add_(1e-3);
        Assert.Contains("give that teacher", Refusal(() => StudentAssembly.Build(teacher, GoldenModel.Hybrid, artefact.Mixers)));
    }
}
