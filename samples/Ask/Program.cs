using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Vision;

// Answers a question about a picture, with the model of a folder that 'mmmamba import' made:
//   dotnet run -- FOLDER PICTURE QUESTION
if (args is not [var folder, var picture, var question])
{
    Console.Error.WriteLine("usage: Ask FOLDER PICTURE QUESTION");
    return 2;
}

try
{
    // The folder says which model it is.
    using var model = Checkpoint.Load(plan: null, folder);
    using var chat = new ChatSession(model, ChatTokenizer.Load(folder, model.Plan.Tokens.Vocab));
    var answer = chat.Ask(question, [ImageDecoder.Decode(picture)], onText: Console.Write);
    Console.WriteLine();
    Console.Error.WriteLine($"{model.Plan.Name}: {answer.PromptTokens} tokens read, {answer.AnswerTokens} written, {chat.StateBytes:#,0} bytes remembered");
    return 0;
}
catch (InputException refused)
{
    Console.Error.WriteLine(refused.Message);
    return 1;
}
