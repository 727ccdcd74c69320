using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>What a member of a family was bound from: what the family lays over the base, over what the base was bound from.</summary>
static class MemberOrigin
{
    /// <param name="family">The family's tree, with its bases merged in.</param>
    /// <param name="member">The member, bound.</param>
    /// <param name="low">What the base was bound from.</param>
    public static WrittenSpec Of(MemberDraft draft, MappingNode family, Scope member, WrittenSpec low) =>
        new(Named(draft, family, member.Merged), new(member.Towers!), new(member.Layers!), low);

    // A model writes its own name and edition; a member has the family's edition, and its name from what makes it.
    static MappingNode Named(MemberDraft draft, MappingNode family, MappingNode merged)
    {
        var name = NamedBy(draft);
        List<Entry> entries = [family.Find("mmmodel")!, new(Key("model", draft.Cause), name)];
        if (merged.Find("summary") is null) entries.Add(new(Key("summary", draft.Cause), name));
        return merged with { Entries = [.. entries, .. merged.Entries] };
    }

    static Node NamedBy(MemberDraft draft) => draft.ByHand
        ? draft.Cause
        : new MappingNode(draft.Cause.Path, draft.Cause.Span, [.. draft.Values.Select(value => Key(value.Text, value.Written)).Select(key => new Entry(key, key))]);

    static ScalarNode Key(string text, Node place) => new(place.Path, place.Span, text, ScalarKind.Text, null);
}
