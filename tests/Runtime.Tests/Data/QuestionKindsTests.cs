using MmMamba.Runtime.Data;

namespace MmMamba.Runtime.Tests.Data;

/// <summary>How kinds of questions are grouped.</summary>
public sealed class QuestionKindsTests
{
    [Fact]
    public void Every_kind_that_is_judged_asks_for_recall_or_for_recognition_and_no_lesson_does()
    {
        Assert.Equal([QuestionKinds.At, QuestionKinds.Beside], QuestionKinds.All.Where(QuestionKinds.IsRecall));
        Assert.Equal(QuestionKinds.All.Where(kind => !QuestionKinds.IsRecall(kind)), QuestionKinds.Taught.Where(QuestionKinds.IsRecognition));
        Assert.DoesNotContain(QuestionKinds.Taught.Except(QuestionKinds.All), QuestionKinds.IsRecall);
    }
}
