namespace MmMamba.ModelDsl.Specs;

/// <param name="Set">The place that it sets, as keys with dots between them.</param>
/// <param name="Values">Its values in order: numbers and words as written, others by their names.</param>
public sealed record AxisSpec(string Name, string Set, EquatableArray<string> Values);

/// <summary>Figures that a paper reports: shown beside what is measured, and never expected of it.</summary>
/// <param name="Source">Where they are published.</param>
/// <param name="Metrics">Names of the figures, in the order in which they first occur.</param>
/// <param name="Rows">A row for each member or reference that the paper has.</param>
public sealed record ReportedTable(string Source, EquatableArray<string> Metrics, EquatableArray<ReportedRow> Rows);

/// <param name="Name">A member's name in the family, or a reference's.</param>
/// <param name="Figures">A figure for each metric; null where the paper has none.</param>
public sealed record ReportedRow(string Name, EquatableArray<decimal?> Figures);
