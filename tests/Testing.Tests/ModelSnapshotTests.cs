using MmMamba.Models;

namespace MmMamba.Testing.Tests;

/// <summary>A consumer's snapshot test, in a folder of its own: what is written, what is accepted, and what a failure says.</summary>
public sealed class ModelSnapshotTests : ConsumerFolder
{
    void Verify() => ModelSnapshot.Verify<TinyMmMambaHybrid>(Source, "My_model");
    void VerifyFile() => ModelSnapshot.VerifyFile("mine.mmmodel.yaml", Source, "My_model");
    void Write(string lines) => File.WriteAllText(this["mine.mmmodel.yaml"], $"mmmodel: 1\nmodel: Mine\nextends: TinyMmMambaHybrid\n{lines}\n");

    [Fact]
    public void The_first_run_fails_and_leaves_what_it_received()
    {
        Assert.StartsWith("Nothing is approved yet. Received: ", Message(Verify));
        Assert.Equal(["MyTests.My_model#TinyMmMambaHybrid.received.txt"], Files);
    }

    [Fact]
    public void Renaming_the_received_file_accepts_it()
    {
        Message(Verify);
        File.Move(this["MyTests.My_model#TinyMmMambaHybrid.received.txt"], this["MyTests.My_model#TinyMmMambaHybrid.verified.txt"]);
        Verify();
        Assert.Equal(["MyTests.My_model#TinyMmMambaHybrid.verified.txt"], Files);
    }

    [Fact]
    public void The_variable_accepts_and_clears_away_what_was_received()
    {
        Message(Verify);
        Accept(Verify);
        Assert.Equal(["MyTests.My_model#TinyMmMambaHybrid.verified.txt"], Files);
        Verify();
    }

    [Fact]
    public void What_is_approved_holds_sheet_transfer_and_facts()
    {
        var text = ModelSnapshot.Text<TinyMmMambaHybrid>();
        Assert.StartsWith("TinyMmMambaHybrid  extends TinyMmMambaLinear  teacher TinyHovle", text);
        Assert.Contains("\nTinyMmMambaHybrid begins as TinyHovle, seed mimic\n", text);
        Assert.Contains("\nfacts\n  model = TinyMmMambaHybrid\n", text);
        Assert.Contains("  decoder[1, 3].mixer = mamba2\n", text);
    }

    [Fact]
    public void A_failure_tells_the_difference_in_meaning()
    {
        Write("");
        Accept(VerifyFile);
        Write("layers: { attention: { from: tail } }\ndistill: { clip: 1 }");
        var message = Message(VerifyFile);
        Assert.StartsWith("MyTests.My_model#Mine.verified.txt differs from what was received.\nMine as approved -> Mine as received\n", message);
        Assert.Contains("  stage-3 weights           does not fit: 6 layers change kind\n", message);
        Assert.Contains("  ~ distill.clip: 5 -> 1\n", message);
        Assert.InRange(message.Split('\n').Length, 10, 60);
        Assert.Contains("MyTests.My_model#Mine.received.txt", Files);
    }

    [Fact]
    public void A_comment_above_the_layers_changes_nothing()
    {
        Write("layers: { mamba2: rest, attention: { count: 1, from: head, pattern: stacked } }");
        Accept(VerifyFile);
        Write("# Moved.\n\nlayers: { mamba2: rest, attention: { count: 1, from: head, pattern: stacked } }");
        VerifyFile();
    }

    /// <summary>Windows checkouts turn newlines.</summary>
    [Fact]
    public void Newlines_are_no_difference()
    {
        Accept(Verify);
        var file = this["MyTests.My_model#TinyMmMambaHybrid.verified.txt"];
        File.WriteAllText(file, "\uFEFF" + File.ReadAllText(file).Replace("\n", "\r\n"));
        Verify();
    }

    [Fact]
    public void An_approved_file_without_facts_is_compared_by_line()
    {
        File.WriteAllText(this["MyTests.My_model#TinyMmMambaHybrid.verified.txt"], "TinyMmMambaHybrid\n");
        Assert.Contains("First difference at line 1:", Message(Verify));
    }

    [Fact]
    public void The_same_facts_on_another_sheet_are_compared_by_line()
    {
        Accept(Verify);
        var file = this["MyTests.My_model#TinyMmMambaHybrid.verified.txt"];
        File.WriteAllText(file, File.ReadAllText(file).Replace("memory of", "Memory of"));
        var message = Message(Verify);
        Assert.Contains("First difference at line ", message);
        Assert.Contains("- Memory of", message);
        Assert.Contains("+ memory of", message);
    }

    [Fact]
    public void A_spec_of_ones_own_extends_its_neighbour_and_a_published_model()
    {
        File.WriteAllText(this["upper.mmmodel.yaml"], "mmmodel: 1\nmodel: Upper\nextends: Mine\nmamba2: { chunk: 32 }\n");
        Write("");
        Assert.Contains("  decoder[0..3].mamba2.chunk = 32\n", ModelSnapshot.TextOfFile("upper.mmmodel.yaml", Source));
    }

    [Fact]
    public void A_broken_spec_is_named_at_its_line_and_column()
    {
        Write("hiden: 3");
        Assert.Matches(@"mine\.mmmodel\.yaml\(4,1\): error MMD020: ", Message(VerifyFile));
        Assert.Equal(["mine.mmmodel.yaml"], Files);
    }

    [Fact]
    public void A_spec_that_names_no_model_is_refused()
    {
        File.WriteAllText(this["mine.mmmodel.yaml"], "mmmodel: 1\n");
        Assert.Contains("mine.mmmodel.yaml", Message(VerifyFile));
    }

    [Fact]
    public void A_missing_spec_file_is_refused() => Assert.EndsWith("mine.mmmodel.yaml: there is no such spec file.", Message(VerifyFile));

    [Fact]
    public void A_class_without_a_spec_is_refused_with_what_to_write() =>
        Assert.Contains("EmbeddedResource", Message(() => ModelSnapshot.Verify<ModelSnapshotTests>(Source, "My_model")));
}
