using HybridApp;
using MmMamba.Models;
using MmMamba.Runtime;
using MmMamba.Runtime.Seeding;
using TorchSharp;

// What a spec means is known before anything runs: counts and costs are constants and closed forms.
const long Tokens = 103_424;
Console.WriteLine($"FewAttention: {FewAttention.ParameterCount:#,0} parameters, {FewAttention.Distillation.EndToEnd.TrainedCount:#,0} trained end to end");
Console.WriteLine($"  cache at {Tokens:#,0} tokens: {FewAttention.Costs.CacheBytes(Tokens):#,0} bytes; MmMambaHybrid {MmMambaHybrid.Costs.CacheBytes(Tokens):#,0}");

// A student begins as its teacher: copied, sliced and drawn. Teacher and hybrid come from the package, the student from the spec here.
using var teacher = new TinyHovle(new DrawnParameters(seed: 0));
using var student = TinyStudent.SeedFrom(teacher, seed: 1);
Console.WriteLine($"TinyStudent: {TinyStudent.ParameterCount:#,0} parameters; {nameof(student.Decoder3)} is an {student.Decoder3.GetType().Name}");

// Four greedy tokens, through the student's own cache.
using var scope = torch.NewDisposeScope();
using var cache = student.CreateCache(batch: 1, maxTokens: 8);
var tokens = torch.tensor(new long[,] { { 1, 5, 7, 11 } });
for (var input = tokens; tokens.shape[1] < 8; input = tokens.narrow(1, tokens.shape[1] - 1, 1))
    tokens = torch.cat([tokens, student.Forward(new ModelInput(input), cache).select(1, -1).argmax(-1, keepdim: true)], 1);
Console.WriteLine($"tokens: {string.Join(' ', tokens.data<long>().ToArray())}; cache: {cache.Bytes:#,0} bytes");
