namespace MmMamba.Runtime.Distillation;

/// <summary>A state on disk that a training can be ended at: the best one, or one that was kept on the way.</summary>
/// <param name="Path">The file.</param>
/// <param name="Stage">The run's name (<see cref="StageNames"/>).</param>
/// <param name="Step">Steps that are done.</param>
/// <param name="Options">What the run was told.</param>
public sealed record SavedState(string Path, string Stage, int Step, TrainingOptions Options)
{
    /// <summary>Reads what a state is of, by its header alone.</summary>
    /// <exception cref="InputException">It is no state.</exception>
    public static SavedState Read(string path)
    {
        var (state, options) = StateFile.ReadHeader(path);
        return new(path, state.Stage, state.Step, options);
    }

    /// <summary>
    /// What a stage takes in the place of its states, with <see cref="Options"/> and no data: it gives what it had learned by then, and its chain says so. Nothing is
    /// written; the state is read in full and checked.
    /// </summary>
    public TrainingStates End() => new(this);
}
