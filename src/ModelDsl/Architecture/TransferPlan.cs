using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// How a student begins, seen from both sides: every tensor of the student has one origin, and every tensor of the teacher is consumed
/// whole or dropped for a reason. A plan with a gap on either side is not made.
/// </summary>
/// <param name="Student">The student's name.</param>
/// <param name="Teacher">The teacher's name.</param>
/// <param name="StudentRows">The student's tensors, in its order.</param>
/// <param name="TeacherRows">The teacher's tensors, in its order.</param>
public sealed record TransferPlan(
    string Student, string Teacher, EquatableArray<StudentRow> StudentRows, EquatableArray<TeacherRow> TeacherRows)
{
    /// <summary>The plan of a student and the teacher that it names.</summary>
    /// <exception cref="ArgumentException">
    /// The teacher is another one, a tensor of the student can't come from it, or one of its own is neither consumed nor dropped.
    /// </exception>
    public static TransferPlan Of(ResolvedModel student, ResolvedModel teacher)
    {
        if (student.Teacher != teacher.Name)
            throw new ArgumentException($"{student.Name} {(student.Teacher is { } named ? $"is distilled from {named}" : "has no teacher")}, not from {teacher.Name}.", nameof(teacher));
        var fit = TransferFit.Of(student.Tensors, teacher);
        if (fit.Mismatch is { } reason) throw new ArgumentException($"{student.Name} can't be distilled from {teacher.Name}: {reason}", nameof(teacher));

        var drops = Transfer.Drops(student.Layers, student.Seed);
        return new(
            student.Name, teacher.Name,
            student.Tensors.Select(tensor => new StudentRow(tensor.Name, tensor.Shape, tensor.Group, tensor.Layer, tensor.Origin)).ToEquatableArray(),
            teacher.Tensors.Select(tensor => Row(tensor)).ToEquatableArray());

        TeacherRow Row(ResolvedTensor tensor)
        {
            var readers = fit.Readers(tensor.Name);
            var reason = drops.TryGetValue(tensor.Name, out var given) ? given : null;
            if (reason is not null && readers.Count == 0)
                return new(tensor.Name, tensor.Shape, tensor.Group, tensor.Layer, TeacherFate.Dropped, [], reason);
            if (reason is null && fit.Whole(tensor))
                return new(tensor.Name, tensor.Shape, tensor.Group, tensor.Layer, TeacherFate.Consumed, readers, null);
            var found = readers.Count == 0 ? "nothing reads it" : $"{string.Join(", ", readers)} read{(readers.Count == 1 ? "s" : "")} rows of it";
            throw new ArgumentException(
                $"{student.Name} can't be distilled from {teacher.Name}: {tensor.Name} is {(reason is null ? "an orphan" : $"dropped ({reason})")}, and {found}; "
                + "a teacher's tensor is consumed whole, or dropped for a reason and not read.", nameof(teacher));
        }
    }

    /// <summary>Names of the teacher's tensors that are dropped.</summary>
    public EquatableArray<string> Dropped => new(TeacherRows.Where(row => row.Fate == TeacherFate.Dropped).Select(row => row.Name));
}

/// <summary>How a student's tensor begins.</summary>
public enum OriginKind
{
    /// <summary>As the teacher's tensor.</summary>
    Copied,
    /// <summary>As rows of the teacher's tensor.</summary>
    Sliced,
    /// <summary>Drawn by seed and name.</summary>
    Drawn,
}

/// <summary>A student's side of the plan.</summary>
/// <param name="Layer">Index of the layer that the tensor belongs to, or -1.</param>
/// <param name="Origin">Its one origin.</param>
public sealed record StudentRow(string Name, EquatableArray<long> Shape, TensorGroup Group, int Layer, TensorOrigin Origin)
{
    /// <summary>What kind of origin it is.</summary>
    public OriginKind Kind => Origin switch { Copied => OriginKind.Copied, Sliced => OriginKind.Sliced, _ => OriginKind.Drawn };

    /// <summary>The teacher's tensor that it comes from; null where it is drawn.</summary>
    public string? Source => Origin switch { Copied copied => copied.From, Sliced sliced => sliced.From, _ => null };

    /// <summary>The rows of the source that it is; null where it is all of it, or drawn.</summary>
    public Sliced? Rows => Origin as Sliced;
}

/// <summary>What becomes of a teacher's tensor.</summary>
public enum TeacherFate
{
    /// <summary>The student begins with all of it.</summary>
    Consumed,
    /// <summary>The student begins without it.</summary>
    Dropped,
}

/// <summary>A teacher's side of the plan.</summary>
/// <param name="Layer">Index of the layer that the tensor belongs to, or -1.</param>
/// <param name="Readers">The student's tensors that come from it.</param>
/// <param name="Reason">Why it is dropped; null where it is consumed.</param>
public sealed record TeacherRow(
    string Name, EquatableArray<long> Shape, TensorGroup Group, int Layer, TeacherFate Fate, EquatableArray<string> Readers, string? Reason);
