using MmMamba.Models;

namespace MmMamba.Testing.Tests;

/// <summary>Snapshots of ablation families: a registry, a spec file, a single member, and what a failure says.</summary>
public sealed class FamilySnapshotTests : ConsumerFolder
{
    const string Axes = "axes:\n  from: { set: layers.attention.from, to: [tail, head] }\n  count: { set: layers.attention.count, to: [1, 2, 3] }\n";

    void VerifyFile() => ModelSnapshot.VerifyFile("own.mmmodel.yaml", Source, "My_family");

    void Write(string lines, string low = "")
    {
        File.WriteAllText(this["low.mmmodel.yaml"], $"mmmodel: 1\nmodel: Low\nextends: TinyMmMambaHybrid\n{low}");
        File.WriteAllText(this["own.mmmodel.yaml"], $"mmmodel: 1\nablation: Own\nof: Low\n{lines}");
    }

    string Changed(string before, string after, string lowBefore = "", string lowAfter = "")
    {
        Write(before, lowBefore);
        Accept(VerifyFile);
        VerifyFile();
        Write(after, lowAfter);
        return Message(VerifyFile);
    }

    [Fact]
    public void A_registry_is_approved_by_one_line()
    {
        void Verify() => ModelSnapshot.Verify<HybridStrategy>(Source, "My_family");
        Message(Verify);
        Assert.Equal(["MyTests.My_family#HybridStrategy.received.txt"], Files);
        Accept(Verify);
        Verify();
        Assert.Equal(["MyTests.My_family#HybridStrategy.verified.txt"], Files);
    }

    [Fact]
    public void What_is_approved_holds_the_sheet_the_base_and_what_members_differ_in()
    {
        var text = ModelSnapshot.Text<HybridStrategy>();
        Assert.StartsWith("HybridStrategy  ablation of MmMambaHybrid", text);
        Assert.Contains("\nreported in arXiv 2502.13145, Table 6\n", text);
        Assert.Contains("\nfacts of the family\n  ablation = HybridStrategy\n", text);
        Assert.Contains("  axes.from = layers.attention.from: \"tail\", \"head\"\n", text);
        Assert.Contains("  reported.TailStacked = MME 1305.5, POPE 85.9, TextVQA 53.7, SQA-I 79.4\n", text);
        Assert.Contains("\nfacts of MmMambaHybrid\n  model = MmMambaHybrid\n", text);
        Assert.Contains("\nfacts of TailStacked, where they differ\n  model = HybridStrategy.TailStacked\n", text);
        // The control is the base by another name.
        var control = text[text.IndexOf("facts of HeadInterleaved", StringComparison.Ordinal)..];
        Assert.DoesNotContain("mixer", control);
        Assert.InRange(text.Split('\n').Length, 100, 350);
    }

    [Fact]
    public void A_member_is_approved_as_the_model_that_it_is()
    {
        void Verify() => ModelSnapshot.Verify(TinyHybridStrategy.TailStacked, Source, "My_member");
        Accept(Verify);
        Verify();
        Assert.Equal(["MyTests.My_member#TinyHybridStrategy.TailStacked.verified.txt"], Files);
        var text = ModelSnapshot.Text(TinyHybridStrategy.TailStacked);
        Assert.Equal(text, File.ReadAllText(this[Files[0]]));
        Assert.StartsWith("TinyHybridStrategy.TailStacked  extends TinyMmMambaHybrid  teacher TinyHovle", text);
        Assert.Contains("\nfacts\n  model = TinyHybridStrategy.TailStacked\n", text);

        Write(Axes);
        Assert.Contains("\n  model = Own.TailCount3\n", ModelSnapshot.TextOfFile("own.mmmodel.yaml#TailCount3", Source));
    }

    [Fact]
    public void Every_published_family_tells_a_difference_to_every_other()
    {
        string[] texts =
        [
            ModelSnapshot.Text<HybridStrategy>(), ModelSnapshot.Text<AttentionLayers>(), ModelSnapshot.Text<SeedStrategy>(), ModelSnapshot.Text<StageSubsets>(),
            ModelSnapshot.Text<TinyHybridStrategy>(), ModelSnapshot.Text<TinyAttentionLayers>(), ModelSnapshot.Text<TinySeedStrategy>(), ModelSnapshot.Text<TinyStageSubsets>(),
        ];
        foreach (var (before, after) in texts.SelectMany(before => texts.Select(after => (before, after))).Where(pair => pair.before != pair.after))
        {
            var told = ModelSnapshot.Explain(before, after);
            Assert.Contains(" as approved -> ", told);
            Assert.InRange(told.Split('\n').Length, 5, 149);
        }
    }

    [Fact]
    public void What_a_base_changes_in_all_members_is_told_once()
    {
        var message = Changed(Axes, Axes, "", "distill: { clip: 1 }\n");
        Assert.StartsWith("MyTests.My_family#Own.verified.txt differs from what was received.\nOwn as approved -> Own as received\n", message);
        Assert.Contains("\nLow and all 6 members\n", message);
        Assert.Contains("\n  stage-3 weights           fits in shape: made with another distill.clip\n", message);
        Assert.Equal(2, message.Split("~ distill.clip: 5 -> 1").Length);
        Assert.InRange(message.Split('\n').Length, 10, 40);
    }

    [Fact]
    public void A_difference_is_told_by_member()
    {
        var message = Changed(Axes, Axes.Replace("to: [1, 2, 3]", "to: [1, 2, 4]"));
        Assert.Contains("\ntable\n  ~ axes.count: layers.attention.count: \"1\", \"2\", \"3\" -> layers.attention.count: \"1\", \"2\", \"4\"\n", message);
        Assert.Contains("\nTailCount4, new beside Low\n", message);
        Assert.Contains("\nHeadCount4, new beside Low\n", message);
        Assert.DoesNotContain("Count2, ", message);

        // The same name, another model.
        message = Changed(Axes.Replace("to: [1", "to: [{ Few: 1 }"), Axes.Replace("to: [1", "to: [{ Few: 5 }"));
        Assert.Contains("\nTailFew\n", message);
        Assert.Contains("does not fit: 4 layers change kind", message);
        Assert.Contains("\nHeadFew\n", message);
        Assert.DoesNotContain("Count2", message);
    }

    [Fact]
    public void Members_alike_stand_together_and_many_ways_are_told_in_short()
    {
        string Variants(params string[] chunks) => "variants:\n" + string.Concat(chunks.Select((seed, i) => $"  V{i}: {{ distill: {{ clip: {i + 1} }}, seed: {seed} }}\n"));
        var message = Changed(Variants("scratch", "scratch", "scratch", "mimic"), Variants("inherit", "inherit", "inherit", "mimic"));
        Assert.Contains("\nV0, V1, V2\n", message);
        Assert.Equal(2, message.Split("~ seed: scratch -> inherit").Length);

        message = Changed(
            Variants([.. Enumerable.Repeat("mimic", 20)]),
            Variants([.. Enumerable.Range(1, 20).Select(i => FormattableString.Invariant($"{{ mimic: {{ decay_log: 0.{i:D2} }} }}"))]));
        Assert.Contains("\nV0\n", message);
        Assert.Matches(@"\n1\d more, in short\n", message);
        Assert.Contains("\n  V19: origin.decay, seed.mimic.decay_log\n", message);
        Assert.DoesNotContain("\nV19\n", message);
        Assert.InRange(message.Split('\n').Length, 10, 149);
    }

    [Fact]
    public void Figures_that_a_paper_reports_are_part_of_the_table()
    {
        Directory.CreateDirectory(this["paper"]);
        File.WriteAllText(this["paper/t.yaml"], "source: T\nfigures: { TailCount1: { MME: 1 } }\n");
        Write(Axes + "reported: paper/t.yaml\n");
        Accept(VerifyFile);
        File.WriteAllText(this["paper/t.yaml"], "source: T\nfigures: { TailCount1: { MME: 2 } }\n");
        Assert.Contains("  ~ reported.TailCount1: MME 1 -> MME 2\n", Message(VerifyFile));
    }

    [Fact]
    public void A_comment_changes_nothing()
    {
        Write(Axes);
        Accept(VerifyFile);
        Write("# Moved.\n\n" + Axes, "# Moved.\n");
        VerifyFile();
    }

    [Fact]
    public void The_same_facts_on_another_sheet_are_compared_by_line()
    {
        Write(Axes);
        Accept(VerifyFile);
        var file = this["MyTests.My_family#Own.verified.txt"];
        File.WriteAllText(file, File.ReadAllText(file).Replace("stage runs", "Stage runs"));
        Assert.Contains("First difference at line ", Message(VerifyFile));
        File.WriteAllText(file, File.ReadAllText(file).Replace("  control", "<<<<<<<"));
        Assert.Contains("First difference at line ", Message(VerifyFile));
    }

    [Fact]
    public void What_cant_be_approved_is_said_at_its_place()
    {
        Write(Axes + "contrl: X\n");
        Assert.Matches(@"own\.mmmodel\.yaml\(7,1\): error MMD020: ", Message(VerifyFile));
        Write(Axes, "hiden: 3\n");
        Assert.Contains("low.mmmodel.yaml", Message(VerifyFile));
        Write(Axes);
        Assert.Equal("Own has no member Haed; it has TailCount1, TailCount2, TailCount3, HeadCount1, HeadCount2, HeadCount3.",
            Message(() => ModelSnapshot.VerifyFile("own.mmmodel.yaml#Haed", Source, "My_member")));
        Assert.EndsWith("low.mmmodel.yaml is a model and no family, so it has no member Head.", Message(() => ModelSnapshot.VerifyFile("low.mmmodel.yaml#Head", Source, "My_member")));
        Assert.Equal(["low.mmmodel.yaml", "own.mmmodel.yaml"], Files);
    }
}
