using System.Text;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Tests.Checkpoints;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Data;

public sealed class ConversationSetTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public ConversationSetTests()
    {
        Directory.CreateDirectory(_folder["root/sub"]);
        PngEncoder.Write(new(4, 3), _folder["root/a.png"]);
        PngEncoder.Write(new(5, 3), _folder["root/sub/b.png"]);
        PngEncoder.Write(new(6, 3), _folder["outside.png"]);
        File.WriteAllText(_folder["root/text.png"], "no picture");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_format_is_read()
    {
        using var set = Open(
            """{"id": "x1", "image": "a.png", "conversations": [{"from": "human", "value": "what?"}, {"from": "gpt", "value": "this"}], "kinds": ["at"], "extra": {"left": "alone"}}""",
            """{"id": 17, "image": ["a.png", "sub/b.png"], "conversations": [{"from": "human", "value": "<image> and"}, {"from": "gpt", "value": "1"}, {"from": "human", "value": "<image>?"}, {"from": "gpt", "value": "2"}]}""",
            """{"conversations": [{"from": "gpt", "value": "roles go by parity"}, {"from": "human", "value": "ü 猫"}]}""",
            """{"image": null, "conversations": [{"value": "no from"}, {"value": ""}]}""",
            """{"image": "sub/../a.png", "conversations": [{"value": "see <image>"}, {"value": "y"}]}""");
        Assert.Equal(5, set.Count);

        var first = set.Get(0);
        Assert.Equal("x1", first.Id);
        Assert.Equal([new Turn("<image>\nwhat?", "this", "at")], first.Turns);
        Assert.Equal(4, Assert.Single(first.Images).Load().Width);

        var second = set.Get(1);
        Assert.Equal("17", second.Id);
        Assert.Equal([4, 5], second.Images.Select(image => image.Load().Width));
        Assert.Equal([new Turn("<image> and", "1", ConversationSet.Unnamed), new Turn("<image>?", "2", ConversationSet.Unnamed)], second.Turns);

        Assert.Empty(set.Get(2).Images);
        Assert.Equal("2", set.Get(2).Id);
        Assert.Equal([new Turn("roles go by parity", "ü 猫", ConversationSet.Unnamed)], set.Get(2).Turns);
        Assert.Equal([new Turn("no from", "", ConversationSet.Unnamed)], set.Get(3).Turns);
        Assert.Equal([new Turn("see <image>", "y", ConversationSet.Unnamed)], set.Get(4).Turns);
        set.Check();
    }

    const string Talk = """ "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}] """;

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("hello", "not JSON")]
    [InlineData("{} {}", "not JSON")]
    [InlineData("[]", "the line is a list; expected an object")]
    [InlineData("{}", "\"conversations\" is missing")]
    [InlineData("""{"conversations": "q"}""", "\"conversations\" is a string")]
    [InlineData("""{"conversations": []}""", "has 0 entries")]
    [InlineData("""{"conversations": [{"value": "q"}]}""", "has 1 entries")]
    [InlineData("""{"conversations": ["q", "a"]}""", "entry 0 of \"conversations\" is a string")]
    [InlineData("""{"conversations": [{"value": "q"}, {"from": "gpt"}]}""", "entry 1 of \"conversations\" has no \"value\"")]
    [InlineData("""{"conversations": [{"value": "q"}, {"value": 3}]}""", "\"value\" of entry 1 is a number")]
    [InlineData("""{"conversations": [{"from": 1, "value": "q"}, {"value": "a"}]}""", "\"from\" of entry 0 is a number")]
    [InlineData("""{"id": [1],""" + Talk + "}", "\"id\" is a list")]
    [InlineData("""{"image": 3,""" + Talk + "}", "\"image\" is a number")]
    [InlineData("""{"image": ["a.png", 3],""" + Talk + "}", "an image is a number")]
    [InlineData("""{"image": "",""" + Talk + "}", "image path '' is none")]
    [InlineData("""{"image": "a\u0000.png",""" + Talk + "}", "is none")]
    [InlineData("""{"image": "no.png",""" + Talk + "}", "image 'no.png' is missing")]
    [InlineData("""{"image": "no\n.png",""" + Talk + "}", "image 'no\\u000a.png' is missing")]
    [InlineData("""{"image": "sub",""" + Talk + "}", "image 'sub' is missing")]
    [InlineData("""{"image": "../outside.png",""" + Talk + "}", "leaves the image folder")]
    [InlineData("""{"image": "sub/../../outside.png",""" + Talk + "}", "leaves the image folder")]
    [InlineData("""{"image": "/etc/hostname",""" + Talk + "}", "leaves the image folder")]
    [InlineData("""{"image": "../root-of-another/a.png",""" + Talk + "}", "leaves the image folder")]
    [InlineData("""{"image": "link.png",""" + Talk + "}", "leaves the image folder")]
    [InlineData("""{"image": "linked/outside.png",""" + Talk + "}", "leaves the image folder")]
    [InlineData("""{"image": "circle.png",""" + Talk + "}", "can't be reached")]
    [InlineData("""{"image": ["a.png", "a.png"],""" + Talk + "}", "hold <image> 0 times; expected 2")]
    [InlineData("""{"image": "a.png", "conversations": [{"value": "<image><image>"}, {"value": "a"}]}""", "hold <image> 2 times; expected 1")]
    [InlineData("""{"conversations": [{"value": "<image>"}, {"value": "a"}]}""", "hold <image> 1 times; expected 0")]
    [InlineData("""{"conversations": [{"value": "q"}, {"value": "<image>"}]}""", "an answer holds <image>")]
    [InlineData("""{"kinds": "at",""" + Talk + "}", "\"kinds\" is a string")]
    [InlineData("""{"kinds": ["at", "at"],""" + Talk + "}", "expected one for each of the 1 turns")]
    [InlineData("""{"kinds": [null],""" + Talk + "}", "entry 0 of \"kinds\" is null")]
    [InlineData("""{"conversations": [{"value": "\ud800"}, {"value": "a"}]}""", "valid Unicode")]
    public void A_broken_line_is_named_with_file_and_line(string line, string said)
    {
        File.CreateSymbolicLink(_folder["root/link.png"], _folder["outside.png"]);
        Directory.CreateSymbolicLink(_folder["root/linked"], _folder.Path);
        File.CreateSymbolicLink(_folder["root/circle.png"], _folder["root/circle.png"]);
        using var set = Open("{" + Talk + "}", "", line);
        set.Get(0);
        var message = Assert.Throws<InputException>(() => set.Get(1)).Message;
        Assert.StartsWith(_folder["set.jsonl"] + ":3: ", message);
        Assert.Contains(said, message);
        Assert.DoesNotContain('\n', message);
        Assert.Throws<InputException>(() => set.Check());
    }

    [Fact]
    public void Bytes_that_are_no_text_are_named()
    {
        File.WriteAllBytes(_folder["set.jsonl"], [.. """{"conversations": [{"value": "x"""u8, 0xFF, 0xC0, .. """y"}, {"value": "a"}]}"""u8]);
        using var set = new ConversationSet(_folder["set.jsonl"], _folder["root"]);
        Assert.Contains("set.jsonl:1: ", Assert.Throws<InputException>(() => set.Get(0)).Message);
    }

    [Fact]
    public void A_picture_that_does_not_decode_is_named_with_file_and_line()
    {
        using var set = Open("{" + Talk + "}", """{"image": "text.png",""" + Talk + "}");
        var message = Assert.Throws<InputException>(() => set.Get(1).Images[0].Load()).Message;
        Assert.StartsWith(_folder["set.jsonl"] + ":2: ", message);
        Assert.Contains("text.png", message);
    }

    [Fact]
    public void Links_that_stay_below_the_root_are_followed()
    {
        File.CreateSymbolicLink(_folder["root/inner.png"], "sub/b.png");
        Directory.CreateSymbolicLink(_folder["alias"], _folder["root"]);
        File.WriteAllText(_folder["set.jsonl"], """{"image": "inner.png",""" + Talk + "}");
        using var set = new ConversationSet(_folder["set.jsonl"], _folder["alias"]);
        Assert.Equal(5, set.Get(0).Images[0].Load().Width);
    }

    [Fact]
    public void Blank_lines_a_byte_order_mark_and_carriage_returns_are_left_out_but_counted()
    {
        var line = "{" + Talk + "}";
        File.WriteAllText(_folder["set.jsonl"], $"{line}\r\n\r\n  \t\n{line}\r\n[]", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        using var set = new ConversationSet(_folder["set.jsonl"], _folder["root"]);
        Assert.Equal(3, set.Count);
        Assert.All([0L, 1L], i => Assert.Equal("q", set.Get(i).Turns[0].Question));
        Assert.Contains("set.jsonl:5: ", Assert.Throws<InputException>(() => set.Get(2)).Message);
    }

    [Fact]
    public void Lines_longer_than_the_reader_s_buffer_are_whole()
    {
        string[] lines = [.. Enumerable.Range(0, 50).Select(i => $$"""{"id": {{i}}, "conversations": [{"value": "{{new string((char)('a' + i % 26), i * 5000)}}"}, {"value": "a"}]}""")];
        using var set = Open(lines);
        Assert.Equal(50, set.Count);
        for (var i = 49; i >= 0; i -= 7)
        {
            Assert.Equal(i.ToString(), set.Get(i).Id);
            Assert.Equal(i * 5000, set.Get(i).Turns[0].Question.Length);
        }
    }

    [Fact]
    public void A_missing_file_a_missing_root_and_an_empty_file_are_named()
    {
        Assert.Contains("none.jsonl", Assert.Throws<InputException>(() => new ConversationSet(_folder["none.jsonl"])).Message);
        File.WriteAllText(_folder["set.jsonl"], "\n \n");
        Assert.Contains("holds no conversation", Assert.Throws<InputException>(() => new ConversationSet(_folder["set.jsonl"])).Message);
        Assert.Contains("no such folder", Assert.Throws<InputException>(() => new ConversationSet(_folder["set.jsonl"], _folder["none"])).Message);
    }

    [Fact]
    public void A_file_that_was_cut_while_in_use_is_named()
    {
        using var set = Open("{" + Talk + "}", "{" + Talk + "}");
        using (var file = new FileStream(_folder["set.jsonl"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)) file.SetLength(20);
        Assert.Contains("set.jsonl:2: the file has become shorter", Assert.Throws<InputException>(() => set.Get(1)).Message);
    }

    ConversationSet Open(params string[] lines)
    {
        File.WriteAllLines(_folder["set.jsonl"], lines);
        return new(_folder["set.jsonl"], _folder["root"]);
    }
}
