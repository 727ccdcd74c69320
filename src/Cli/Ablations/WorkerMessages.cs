using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using MmMamba.Runtime.Distillation;

namespace MmMamba.Cli.Ablations;

/// <summary>What a worker is told first.</summary>
/// <param name="Folder">The run's folder.</param>
/// <param name="TeacherPlan">The teacher's plan.</param>
/// <param name="Teacher">Its checkpoint.</param>
/// <param name="Scale">Factor on the recipes' steps.</param>
/// <param name="States">When states are written.</param>
sealed record WorkerSetup(string Folder, string TeacherPlan, string Teacher, double Scale, StateOptions States);

/// <summary>A piece of work for a worker; null instead of one: there is no more.</summary>
/// <param name="Path">Its place in the run's folder.</param>
/// <param name="Stage">The stage; null asks questions.</param>
/// <param name="Seed">Keys its draws.</param>
/// <param name="Plan">The model's plan; null for the teacher.</param>
/// <param name="Sheet">The model's sheet, which a student's checkpoint carries.</param>
/// <param name="Record">What decides on the result, for the stage's folder.</param>
/// <param name="After">The place of what it begins from, and the stage that this is; null begins from the seeds.</param>
sealed record WorkerTask(string Path, Runtime.Plans.StageKind? Stage, ulong Seed, string? Plan, string Sheet, JsonObject Record, WorkerBegin? After);

/// <param name="File">A file in the run's folder.</param>
/// <param name="Stage">The stage that wrote it.</param>
sealed record WorkerBegin(string File, Runtime.Plans.StageKind Stage);

/// <summary>What a worker answers.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">A note, or why something failed.</param>
/// <param name="Step">A step of the stage at work.</param>
/// <param name="Memory">Memory that the worker takes then, in bytes; null where nobody tells.</param>
sealed record WorkerReply(ReplyKind Kind, string? Text = null, StepReport? Step = null, long? Memory = null);

/// <summary>Kinds of answers.</summary>
enum ReplyKind
{
    /// <summary>Teacher and data are loaded, or the work is done: it waits for work.</summary>
    Ready,
    /// <summary>A step was taken.</summary>
    Step,
    /// <summary>Something that a person should know.</summary>
    Note,
    /// <summary>The work failed; it waits for other work.</summary>
    Failed,
}

/// <summary>Messages between the tool and its workers: a line of JSON each.</summary>
static class WorkerMessages
{
    static readonly JsonSerializerOptions Json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, Converters = { new JsonStringEnumConverter() },
    };

    public static string Line<T>(T message) => JsonSerializer.Serialize(message, Json);

    /// <summary>Reads a message; null for a line that is none, which a native library may have printed.</summary>
    public static T? Parse<T>(string line) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
