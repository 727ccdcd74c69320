namespace MmMamba.Runtime.Checkpoints;

/// <summary>How weights come from a file into memory.</summary>
public enum WeightAccess
{
    /// <summary>Read into memory of their own. The file may change afterwards.</summary>
    Read,

    /// <summary>
    /// Mapped, where type and device are the file's: a tensor is the file's bytes, which the system reads as they are needed and shares
    /// between processes. What is written to a tensor stays in this process. The file has to stay as it is meanwhile: one that is cut ends the
    /// process.
    /// </summary>
    Map,
}
