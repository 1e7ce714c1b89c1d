import Files
import Tokenizers

/// Tokenizers of many parts, and the patterns in them.
extension FuzzTarget {
    static let tokenizerParts = FuzzTarget(
        name: "tokenizer_parts", file: "tokenizer.json",
        prepare: { folder in
            try write(Array(parts(model: bytePairs).utf8), folder, "tokenizer.json")
            return [Array(parts(model: unigram).utf8)]
        },
        read: { folder in
            let tokenizer = try TokenizerFile.load(folder)
            guard let ids = try? tokenizer.encode(text) else { return }
            _ = try tokenizer.decode(ids)
            _ = try? TokenizerContents(tokenizer)
        })

    static let expression = FuzzTarget(
        name: "expression", file: "pattern.txt",
        prepare: { folder in
            let patterns = [
                #"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}]+[\r\n]*|\s+(?!\S)"#,
                #"(?<=a|bc)[a-z&&[^x]]++(?:\d{2,}?|(?>\w*)\b)$|\x{41}\u0041[[:space:]\-]"#,
            ]
            try write(Array(patterns[0].utf8), folder, "pattern.txt")
            return patterns.dropFirst().map { Array($0.utf8) }
        },
        read: { folder in
            let bytes = try FileReader.bytes(of: folder + "/pattern.txt")
            let pattern = String(decoding: bytes, as: UTF8.self)
            for syntax in [ExpressionSyntax.ruby, .rust] {
                let expression = try Expression(pattern, syntax, at: "pattern.txt")
                var (text, end) = (text, 0)
                try text.withUTF8 { utf8 in
                    try expression.forEachStretch(of: utf8) { range, _ in
                        precondition(range.lowerBound == end, "expected all of the text, in order")
                        end = range.upperBound
                    }
                    precondition(end == utf8.count, "expected all of the text")
                }
            }
        })

    private static let text = "The cat's  mat 1234, Ünïcode 🙂\r\n e\u{301} aaaab <x> y\n"

    private static let bytePairs = """
        {"type": "BPE", "dropout": 0.0, "unk_token": "<unk>", "fuse_unk": true,
         "byte_fallback": true, "ignore_merges": false,
         "vocab": {"<unk>": 0, "t": 1, "h": 2, "e": 3, "▁": 4, "th": 5, "the": 6, "▁the": 7, "<0xC3>": 8},
         "merges": ["t h", ["th", "e"], ["▁", "the"]]}
        """
    private static let unigram = """
        {"type": "Unigram", "unk_id": 0, "byte_fallback": true,
         "vocab": [["<unk>", 0.0], ["t", -2.5], ["h", -3], ["e", -1.5], ["▁", -2], ["the", -4.25],
          ["a", -1e1], ["cat", -6], ["<0x0A>", 0]]}
        """

    private static func parts(model: String) -> String {
        """
        {"version": "1.0", "truncation": {"max_length": 8}, "padding": null,
         "added_tokens": [{"id": 9, "content": "<x>", "single_word": true, "lstrip": true,
          "rstrip": true, "normalized": true, "special": false}],
         "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"},
          {"type": "Strip", "strip_left": true, "strip_right": false},
          {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
          {"type": "Prepend", "prepend": "▁"}]},
         "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
          {"type": "Digits", "individual_digits": false}, {"type": "Punctuation", "behavior": "Removed"},
          {"type": "Split", "pattern": {"Regex": "\\\\s+|\\\\p{L}{1,5}(?!x)"}, "behavior": "Contiguous",
           "invert": true},
          {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true}]},
         "post_processor": {"type": "TemplateProcessing", "single": [
          {"SpecialToken": {"id": "<x>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
          "special_tokens": {"<x>": {"id": "<x>", "ids": [9], "tokens": ["<x>"]}}},
         "decoder": {"type": "Sequence", "decoders": [
          {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
          {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
         "model": \(model)}
        """
    }
}
