using CsCheck;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>Whatever becomes of what says where tensors are, a checkpoint is refused in one line or is the model that was written.</summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    static readonly ModelPlan Plan = GoldenModel.Named("GoldenSeed");

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(WeightAccess.Read)]
    [InlineData(WeightAccess.Map)]
    public void A_damaged_checkpoint_is_refused_or_is_the_model(WeightAccess access)
    {
        CheckpointFolder.WriteWeights(_folder.Path, Plan, new DrawnParameters(3), CheckpointLayout.Unfused, shardBytes: 30_000);
        var files = _folder.Names.ToDictionary(name => name, name => File.ReadAllBytes(_folder[name]));
        var names = files.Keys.ToArray();
        var expected = new Dictionary<string, byte[]>();
        foreach (var tensor in Plan.Tensors)
        {
            using var drawn = new DrawnParameters(3).Take(tensor);
            expected.Add(tensor.Name, drawn.detach().bytes.ToArray());
        }

        var (loaded, refused) = (0, 0);
        Gen.Select(Gen.Int[0, names.Length - 1], FileDamage.Any.Array[1, 3], Gen.Bool).Sample((file, damage, keepLength) =>
        {
            var (name, whole) = (names[file], files[names[file]]);
            File.WriteAllBytes(_folder[name], name.EndsWith(".json", StringComparison.Ordinal)
                ? damage.Aggregate(whole, (bytes, change) => change(bytes))
                : FileDamage.OfHeader(whole, damage, keepLength));
            try
            {
                using var scope = NewDisposeScope();
                using var parameters = new CheckpointParameters(_folder.Path, Plan, access: access);
                foreach (var tensor in Plan.Tensors)
                {
                    using var taken = parameters.Take(tensor);
                    Assert.True(expected[tensor.Name].AsSpan().SequenceEqual(taken.detach().bytes), tensor.Name);
                }
                loaded++;
            }
            catch (InputException e)
            {
                refused++;
                Assert.DoesNotContain('\n', e.Message);
            }
            finally
            {
                File.WriteAllBytes(_folder[name], whole);
            }
        }, iter: 1000, threads: 1);
        // Both ways were taken, or the test has shown nothing.
        Assert.InRange(loaded, 10, 900);
        Assert.InRange(refused, 100, 990);
    }
}
