using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>A student that retains dynamic positions attends as its teacher does, within the greatest position and past it, in passes and token by token.</summary>
public sealed class RetainedPositionsTests : IDisposable
{
    const int Retained = 3, MaxPositions = 8, Length = 21;

    readonly DisposeScope _scope = NewDisposeScope();
    readonly VisionLanguageModel _teacher = GoldenModel.Load(GoldenModel.Named("GoldenNtk")), _student, _plain;
    readonly Tensor _ids = randint(0, 90, new Size([2, Length]), ScalarType.Int64);

    public RetainedPositionsTests()
    {
        _student = new(GoldenModel.Named("GoldenNtkHybrid"), new SeededParameters(_teacher, 2));
        _plain = new(Plain(_student.Plan), new SeededParameters(_teacher, 2));
    }

    public void Dispose()
    {
        _plain.Dispose();
        _student.Dispose();
        _teacher.Dispose();
        _scope.Dispose();
    }

    static ModelPlan Plain(ModelPlan plan) => plan with
    {
        Layers = [.. plan.Layers.Select(layer => layer.Mixer is AttentionPlan attention ? layer with { Mixer = attention with { DynamicFactor = null } } : layer)],
    };

    static bool Same(Tensor a, Tensor b) => a.eq(b).all().item<bool>();

    // What the layers that are retained add to the stream.
    Tensor[] Added(VisionLanguageModel model, Tensor ids)
    {
        var found = new List<Tensor>();
        using var guard = no_grad();
        model.Trace(new(ids), trace => found.Add(trace.MixerOutput.clone().DetachFromDisposeScope()));
        return [.. found.Take(Retained)];
    }

    [Fact]
    public void The_plan_has_the_teachers_attention()
    {
        Assert.Equal(_teacher.Plan.Layers.Take(Retained).Select(layer => layer.Mixer), _student.Plan.Layers.Take(Retained).Select(layer => layer.Mixer));
        Assert.Equal([null, null, 2.0], _student.Plan.Layers.Take(Retained).Select(layer => ((AttentionPlan)layer.Mixer).DynamicFactor));
        Assert.NotEqual(GoldenModel.Hybrid.Fingerprint, _student.Plan.Fingerprint);
    }

    [Theory]
    [InlineData(MaxPositions)]
    [InlineData(MaxPositions + 1)]
    [InlineData(Length)]
    public void A_pass_is_the_teachers(int length)
    {
        var ids = _ids.narrow(1, 0, length);
        var (expected, actual, plain) = (Added(_teacher, ids), Added(_student, ids), Added(_plain, ids));
        for (var i = 0; i < Retained; i++) Assert.True(Same(expected[i], actual[i]), $"layer {i}");
        Assert.Equal(length <= MaxPositions, Same(expected[^1], plain[^1]));
    }

    /// <summary>
    /// Keys that are cached keep the base that they were rotated with, so that single tokens past the greatest position are no pass: they are compared with the
    /// teacher's single tokens.
    /// </summary>
    [Fact]
    public void Token_by_token_it_is_the_teachers_too()
    {
        using var guard = no_grad();
        using var theirs = _teacher.CreateCache(2, Length);
        using var own = _student.CreateCache(2, Length);
        for (var (at, length) = (0, MaxPositions - 2); at < Length; at += length, length = 1)
        {
            var ids = _ids.narrow(1, at, length);
            _teacher.Forward(new(ids), theirs);
            _student.Forward(new(ids), own);
        }
        for (var i = 0; i < Retained; i++)
        {
            var (expected, actual) = ((KvCache)theirs[i], (KvCache)own[i]);
            Assert.True(Same(expected.Keys, actual.Keys), $"keys of layer {i}");
            Assert.True(Same(expected.Values, actual.Values), $"values of layer {i}");
        }
    }

    /// <summary>Up to the greatest position a token's base is that of every other, and single tokens are a pass.</summary>
    [Fact]
    public void Up_to_the_greatest_position_single_tokens_are_a_pass()
    {
        using var guard = no_grad();
        var whole = _student.Forward(new(_ids.narrow(1, 0, MaxPositions)));
        using var cache = _student.CreateCache(2, MaxPositions);
        for (var at = 0; at < MaxPositions; at++) Golden.Close(whole.narrow(1, at, 1), _student.Forward(new(_ids.narrow(1, at, 1)), cache), 1e-5, $"token {at}");
    }

    /// <summary>Vector code rotates by the same growing base as plain operations.</summary>
    [Fact]
    public void Vector_code_and_plain_operations_agree_past_the_greatest_position()
    {
        using var guard = no_grad();
        int[] ids = [.. _ids[0].data<long>().ToArray().Select(id => (int)id)];
        using var ours = new Sequences(_student, 1, Length);
        using var plain = _student.CreateCache(1, Length);
        for (var (at, length) = (0, MaxPositions - 2); at < Length; at += length, length = 1)
        {
            var expected = _student.Forward(new(_ids.narrow(0, 0, 1).narrow(1, at, length)), plain)[0, -1];
            Golden.Close(expected, ours.Read([new Prompt(ids[at..(at + length)])])[0], 1e-4, $"token {at}");
        }
        Assert.Equal("vector code on the CPU", ours.DecodePath);
    }
}
