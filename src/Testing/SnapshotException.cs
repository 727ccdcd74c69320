namespace MmMamba.Testing;

/// <summary>Received text is not what was approved.</summary>
public sealed class SnapshotException(string message) : Exception(message);
