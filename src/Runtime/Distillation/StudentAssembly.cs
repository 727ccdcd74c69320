using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// Puts a student together: the mixers of its converted layers, and from the teacher all the rest, its retained attention included.
/// </summary>
public static class StudentAssembly
{
    /// <summary>A student of mixers, which it copies in their type; all the rest is of the teacher's.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="plan">The student's plan.</param>
    /// <param name="mixers">A mixer for every layer; those of layers that keep attention are left out.</param>
    /// <param name="create">Makes the model of a source.</param>
    /// <exception cref="InputException">The mixers are of another model, or of another teacher.</exception>
    public static TModel Build<TModel>(VisionLanguageModel teacher, ModelPlan plan, ConvertedMixers mixers, Func<ParameterSource, TModel> create)
        where TModel : VisionLanguageModel
    {
        mixers.RequireFit(plan);
        mixers.RequireTeacher(teacher);
        return create(new Source(teacher, mixers));
    }

    /// <inheritdoc cref="Build{TModel}"/>
    public static VisionLanguageModel Build(VisionLanguageModel teacher, ModelPlan plan, ConvertedMixers mixers) =>
        Build(teacher, plan, mixers, source => new VisionLanguageModel(plan, source));

    sealed class Source(VisionLanguageModel teacher, ConvertedMixers mixers) : ParameterSource(teacher.Device, teacher.Dtype)
    {
        readonly SeededParameters _rest = new(teacher, mixers.Chain.Seed);

        public override Parameter Take(TensorPlan tensor)
        {
            if (!mixers.Tensors.TryGetValue(tensor.Name, out var mixer)) return _rest.Take(tensor);
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            return Own(mixer.detach().clone(), mixer.dtype);
        }
    }
}
