namespace MmMamba.Runtime.Data;

/// <summary>
/// The kinds of questions that mosaics are asked, the five abilities that the paper's ablations measure on public benchmarks:
/// existence as POPE, recall by place, recall by a tag bound to a picture, counting, multiple choice.
/// </summary>
public static class QuestionKinds
{
    /// <summary>"is there a X?": yes or no.</summary>
    public const string Present = "present";
    /// <summary>"what is at row r column c?": a class.</summary>
    public const string At = "at";
    /// <summary>"what is beside tag K?": the class of the picture that carries the tag.</summary>
    public const string Beside = "beside";
    /// <summary>"how many show a X?": a digit.</summary>
    public const string Count = "count";
    /// <summary>"which is at row r column c? A x B y C z": a letter.</summary>
    public const string Choice = "choice";

    /// <summary>"which tag is at row r column c?": a letter. A lesson: reading tags.</summary>
    public const string Tag = "tag";
    /// <summary>"is there a tag K?": yes or no. A lesson: recognising a tag by its name.</summary>
    public const string Tagged = "tagged";
    /// <summary>"where is tag K?": a place. A lesson: finding a tag.</summary>
    public const string Where = "where";
    /// <summary>"which tag is beside the X?": a letter. A lesson: binding a picture to its tag, the other way round than <see cref="Beside"/>.</summary>
    public const string Mark = "mark";
    /// <summary>"what is beside each tag?": all tags by the alphabet, each with its class. A lesson: finding a tag by its name, many times in one answer.</summary>
    public const string Pairs = "pairs";

    /// <summary>The kinds that are judged, in the order in which reports list them.</summary>
    public static IReadOnlyList<string> All { get; } = [Present, At, Beside, Count, Choice];

    /// <summary>The kinds that may be asked: those that are judged, and the lessons, which take <see cref="Beside"/> apart.</summary>
    public static IReadOnlyList<string> Taught { get; } = [.. All, Tag, Tagged, Where, Mark, Pairs];

    /// <summary>
    /// Whether a kind asks for what stands at one place of the picture, among many that might: recall, as TextVQA's. A state of bounded size has to have kept it.
    /// </summary>
    public static bool IsRecall(string kind) => kind is At or Beside;

    /// <summary>Whether a kind asks to recognise what is named or offered: recognition, as POPE's and SQA's.</summary>
    public static bool IsRecognition(string kind) => kind is Present or Count or Choice;
}
