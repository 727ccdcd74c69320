using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Writes a copy of TorchSharp's native library that loads on hosts whose libstdc++ is older than GLIBCXX_3.4.32.
/// Two edits: the version it needs becomes GLIBCXX_3.4, and the initialiser that only the newer library has becomes
/// the older name of the same thing. Compiled by MSBuild when it runs.
/// </summary>
public class AdaptTorchSharpToHost : Task
{
    const string NeededVersion = "GLIBCXX_3.4.32", OlderVersion = "GLIBCXX_3.4";
    const string NeededSymbol = "_ZSt21ios_base_library_initv", OlderSymbol = "_ZNSt8ios_base4InitC1Ev";

    [Required] public string Source { get; set; }
    [Required] public string Destination { get; set; }
    [Required] public string Sha256 { get; set; }
    /// <summary>Adapt whatever this host has, for a program that is run on others; the older names are found everywhere.</summary>
    public bool EveryHost { get; set; }

    public override bool Execute()
    {
        if (!EveryHost && HostHasVersion()) return true;
        var image = File.ReadAllBytes(Source);
        if (Hash(image) != Sha256)
        {
            Log.LogWarning("{0} is not the build of TorchSharp's library that is known, and this host's libstdc++ lacks {1}: it may not load.", Source, NeededVersion);
            return true;
        }
        if (Edit(image) != 2)
        {
            Log.LogError("{0}: expected to adapt two ELF entries and found others; report this with the TorchSharp version.", Source);
            return false;
        }
        var isOurs = File.Exists(Destination) && (File.GetAttributes(Destination) & FileAttributes.ReparsePoint) == 0;
        if (isOurs && File.ReadAllBytes(Destination).SequenceEqual(image)) return true;
        Directory.CreateDirectory(Path.GetDirectoryName(Destination));
        File.Delete(Destination); // it may be a link into the package cache, which is not ours to write
        File.WriteAllBytes(Destination, image);
        return true;
    }

    static bool HostHasVersion()
    {
        foreach (var folder in new[] { "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib" })
        {
            var path = Path.Combine(folder, "libstdc++.so.6");
            if (File.Exists(path)) return Encoding.GetEncoding("ISO-8859-1").GetString(File.ReadAllBytes(path)).IndexOf(NeededVersion + "\0", StringComparison.Ordinal) >= 0;
        }
        return true; // no library where it is expected: nothing to compare with, so nothing is changed
    }

    static string Hash(byte[] bytes)
    {
        using (var sha = SHA256.Create()) return BitConverter.ToString(sha.ComputeHash(bytes)).Replace("-", "").ToLowerInvariant();
    }

    // 64-bit little-endian ELF: section headers -> .dynsym (type 11) and .gnu.version_r (type 0x6ffffffe).
    static int Edit(byte[] image)
    {
        ulong U64(long at) { return BitConverter.ToUInt64(image, (int)at); }
        uint U32(long at) { return BitConverter.ToUInt32(image, (int)at); }
        ushort U16(long at) { return BitConverter.ToUInt16(image, (int)at); }

        long sections = (long)U64(0x28), entrySize = U16(0x3A), count = U16(0x3C), symbols = 0, versions = 0;
        for (long i = 0; i < count; i++)
        {
            long section = sections + i * entrySize;
            if (U32(section + 4) == 11) symbols = section;
            if (U32(section + 4) == 0x6ffffffe) versions = section;
        }
        if (symbols == 0 || versions == 0) return 0;
        long strings = (long)U64(sections + U32(symbols + 40) * entrySize + 24);
        string Text(uint offset)
        {
            int start = (int)(strings + offset), end = start;
            while (image[end] != 0) end++;
            return Encoding.ASCII.GetString(image, start, end - start);
        }

        int edits = 0;
        long need = (long)U64(versions + 24);
        for (uint file = 0; file < U32(versions + 44); file++)
        {
            long entry = need + U32(need + 8), newer = -1;
            uint olderName = 0;
            for (int k = 0; k < U16(need + 2); k++)
            {
                var name = Text(U32(entry + 8));
                if (name == NeededVersion) newer = entry;
                if (name == OlderVersion) olderName = U32(entry + 8);
                entry += U32(entry + 12);
            }
            if (newer >= 0 && olderName != 0)
            {
                BitConverter.GetBytes(SysVHash(OlderVersion)).CopyTo(image, newer);
                BitConverter.GetBytes(olderName).CopyTo(image, newer + 8);
                edits++;
            }
            need += U32(need + 12);
        }

        long first = (long)U64(symbols + 24), size = (long)U64(symbols + 32);
        for (long symbol = first; symbol < first + size; symbol += 24)
        {
            if (Text(U32(symbol)) != NeededSymbol) continue;
            Encoding.ASCII.GetBytes(OlderSymbol + "\0").CopyTo(image, strings + U32(symbol));
            edits++;
        }
        return edits;
    }

    static uint SysVHash(string text)
    {
        uint hash = 0;
        foreach (var c in text)
        {
            hash = (hash << 4) + c;
            uint high = hash & 0xf0000000;
            if (high != 0) hash ^= high >> 24;
            hash &= ~high;
        }
        return hash;
    }
}
