/// The patterns of published tokenizers, as they are spelled in files, that are scanned by hand.
enum KnownPatterns {
    /// The patterns that have a name for users.
    static let named = [
        "gpt2": gpt2, "cl100k": cl100k, "o200k": o200k, "llama3": llama3, "qwen2": qwen2,
        "tekken": tekken,
    ]

    private static let anyCase = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)"#

    static let gpt2 =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    /// Llama 3, SmolLM3, OLMo 2 and, in tokenizer.json, cl100k.
    static let llama3 =
        anyCase + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"#
        + #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// Qwen 2, 2.5 and 3: one digit a piece.
    static let qwen2 =
        anyCase + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"#
        + #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private static let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    private static let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#

    /// Mistral's tekken: words end before a capital letter.
    static let tekken =
        #"[^\r\n\p{L}\p{N}]?"# + upper + "*" + lower + #"+|[^\r\n\p{L}\p{N}]?"# + upper + "+"
        + lower + #"*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    static let o200k =
        #"[^\r\n\p{L}\p{N}]?"# + upper + "*" + lower + "+" + anyCase
        + #"?|[^\r\n\p{L}\p{N}]?"# + upper + "+" + lower + "*" + anyCase
        + #"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// cl100k as tiktoken has it: white space at the end of the text is one piece.
    static let cl100k =
        anyCase + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"#
        + #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s++\z|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// tiktoken's spelling of GPT-2's pattern.
    static let tiktokenGPT2 =
        #"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"#

    /// tiktoken's spelling of cl100k.
    static let tiktokenCL100k =
        #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"#
        + #" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"#

    /// The scanner of a pattern of tokenizer.json; nil for one that is not known.
    static func pattern(_ expression: String) -> PreTokenizer.Pattern? {
        switch expression {
        case gpt2: .gpt2
        case llama3: .broad(.llama3)
        case qwen2: .broad(.qwen2)
        case tekken: .broad(.tekken)
        case o200k: .broad(.o200k)
        case cl100k: .broad(.cl100k)
        default: nil
        }
    }

    /// A pattern of a .tiktoken file in the syntax of tokenizer.json; nil for one that means something
    /// else there.
    static func ruby(fromRust expression: String) -> String? {
        switch expression {
        case tiktokenGPT2: return gpt2
        case tiktokenCL100k: return cl100k
        default: break
        }
        let other = ["}+", "^", "$", "(?m", "(?s", #"\pL"#, #"\pN"#, #"\w"#, #"\b"#, #"\W"#]
        // In a class ^ means the same.
        let bare = expression.replacing("[^", with: "[")
        return other.contains { bare.contains($0) } ? nil : expression
    }
}
