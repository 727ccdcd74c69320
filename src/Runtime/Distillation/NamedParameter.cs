using MmMamba.Runtime.Plans;
using TorchSharp.Modules;

namespace MmMamba.Runtime.Distillation;

/// <summary>A tensor that is trained, under its name in the checkpoint.</summary>
public readonly record struct NamedParameter(string Name, Parameter Parameter)
{
    /// <summary>Picks the tensors of a plan that a stage trains and marks exactly these as trained; the others are frozen.</summary>
    /// <param name="tensors">The plan's tensors.</param>
    /// <param name="parameters">The parameters by name.</param>
    /// <param name="groups">What the stage trains.</param>
    public static IReadOnlyList<NamedParameter> Train(
        IEnumerable<TensorPlan> tensors, IReadOnlyDictionary<string, Parameter> parameters, PlanList<TensorGroup> groups)
    {
        var trained = new List<NamedParameter>();
        foreach (var tensor in tensors)
        {
            var parameter = parameters[tensor.Name];
            var isTrained = groups.Contains(tensor.Group);
            parameter.requires_grad = isTrained;
            if (isTrained) trained.Add(new NamedParameter(tensor.Name, parameter));
        }

        return trained;
    }
}
