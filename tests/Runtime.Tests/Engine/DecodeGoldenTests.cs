using MmMamba.Runtime.Caching;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>Prefill and single steps of a batch, with every layer's state, against the reference.</summary>
public abstract class DecodeGoldenTests(Device device)
{
    const int Prefill = 12, Steps = 8;

    [Theory]
    [InlineData("linear")]
    [InlineData("hybrid")]
    public void Prefill_and_eight_steps(string student)
    {
        using var scope = NewDisposeScope();
        var all = Golden.Read("decode.safetensors");
        var golden = Golden.Read("decode.safetensors", student + "/");
        var ids = all["input_ids"];
        using var model = GoldenModel.Load(student == "linear" ? GoldenModel.Linear : GoldenModel.Hybrid, device: device);
        using var cache = model.CreateCache(2, Prefill + Steps);

        Golden.Close(golden["prefill_logits"], model.Forward(new(ids.narrow(1, 0, Prefill)), cache), 1e-4, "prefill_logits");
        States("after_prefill");
        for (var t = 0; t < Steps; t++)
        {
            var logits = model.Forward(new(ids.narrow(1, Prefill + t, 1)), cache);
            Golden.Close(golden["decode_logits"].narrow(1, t, 1), logits, 1e-4, $"decode_logits {t}");
            Golden.Close(golden["full_logits"].narrow(1, Prefill + t, 1), logits, 1e-4, $"full_logits {Prefill + t}");
        }
        States("after_step8");
        Assert.Equal(Prefill + Steps, cache.Length);

        void States(string moment)
        {
            var compared = 0;
            for (var i = 0; i < cache.Count; i++)
            {
                if (cache[i] is Mamba2State state)
                {
                    Compare($"{moment}/layer_{i}/conv_state", state.Conv);
                    Compare($"{moment}/layer_{i}/ssm_state", state.Ssm);
                }
                else if (cache[i] is KvCache kv)
                {
                    // The reference lists tokens before heads.
                    Compare($"{moment}/layer_{i}/k", kv.Keys.transpose(1, 2));
                    Compare($"{moment}/layer_{i}/v", kv.Values.transpose(1, 2));
                }
            }
            Assert.Equal(golden.Keys.Count(key => key.StartsWith(moment, StringComparison.Ordinal)), compared);

            void Compare(string key, Tensor actual)
            {
                if (!golden.TryGetValue(key, out var expected)) return;
                Golden.Close(expected, actual, 1e-4, key);
                compared++;
            }
        }
    }
}

public sealed class DecodeGoldenTestsOnCpu() : DecodeGoldenTests(TestDevice.Cpu);

public sealed class DecodeGoldenTestsOnCuda() : DecodeGoldenTests(TestDevice.Cuda);
