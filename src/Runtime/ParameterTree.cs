using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime;

/// <summary>
/// Gives parameters the dotted names of a checkpoint: every part but the last is a module that only holds others. TorchSharp's names
/// then do not depend on the shape of the C# classes.
/// </summary>
static class ParameterTree
{
    public static void Register(nn.Module root, IEnumerable<KeyValuePair<string, Parameter>> parameters)
    {
        var modules = new Dictionary<string, nn.Module> { [""] = root };
        foreach (var (name, parameter) in parameters)
        {
            var (path, leaf) = Split(name);
            Module(path).register_parameter(leaf, parameter);
        }

        nn.Module Module(string path)
        {
            if (modules.TryGetValue(path, out var module)) return module;
            var (parent, name) = Split(path);
            module = new Container(name);
            Module(parent).register_module(name, module);
            return modules[path] = module;
        }
    }

    static (string Path, string Leaf) Split(string name)
    {
        var dot = name.LastIndexOf('.');
        return dot < 0 ? ("", name) : (name[..dot], name[(dot + 1)..]);
    }

    sealed class Container(string name) : nn.Module(name);
}
