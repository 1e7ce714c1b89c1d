import JSON

/// The names of llama.cpp for the ways in which byte-level tokenizers cut text (`tokenizer.ggml.pre`).
enum GGMLPreTokenizer: String {
    case gpt2 = "gpt-2"
    case llama3 = "llama-bpe"
    /// The cuts of `llama3`, for a vocabulary whose merges decide.
    case dbrx
    case qwen2
    case smollm
    case tekken
    case o200k = "gpt-4o"
    /// The one of files that name none, and of tokenizers that are not byte-level.
    case standard = "default"

    /// Other names for the same cuts, as far as the ids of a text go.
    private static let synonyms: [String: GGMLPreTokenizer] = [
        "phi-2": .gpt2, "jina-es": .gpt2, "jina-de": .gpt2, "jina-v2-es": .gpt2,
        "jina-v2-de": .gpt2, "gigachat": .gpt2, "mellum": .gpt2, "exaone4": .gpt2, "mpt": .gpt2,
        "olmo": .gpt2, "jais": .gpt2, "llama3": .llama3, "llama-v3": .llama3,
        "falcon3": .llama3, "falcon-h1": .llama3, "pixtral": .llama3, "lfm2": .llama3,
        "dbrx": .dbrx, "smaug-bpe": .dbrx, "deepseek-r1-qwen": .qwen2, "megrez": .qwen2,
        "stablelm2": .qwen2, "starcoder": .smollm, "refact": .smollm, "command-r": .smollm,
        "codeshell": .smollm, "exaone": .smollm, "minerva-7b": .smollm, "llama4": .o200k,
    ]

    static var names: String {
        (["gpt-2", "llama-bpe", "dbrx", "qwen2", "smollm", "tekken", "gpt-4o", "default"]
            + synonyms.keys.sorted()).joined(separator: ", ")
    }

    /// Whether a piece that is a token is that token, whatever the merges are.
    var takesWholePieces: Bool { self == .llama3 || self == .tekken }

    /// Whether texts begin with a token where the file does not say.
    var addsBegin: Bool { self == .llama3 || self == .tekken }

    /// The cut of a name of llama.cpp; nil for one that is not known.
    init?(name: String) {
        guard let known = GGMLPreTokenizer(rawValue: name) ?? Self.synonyms[name] else {
            return nil
        }
        self = known
    }

    /// The name of the cut of a tokenizer; nil where llama.cpp has none.
    init?(_ document: TokenizerDocument) {
        guard document.pieces.isByteLevel else {
            self = .standard
            return
        }
        guard document.pieces.parts.count == 1, case .scan(let pattern) = document.pieces.parts[0]
        else { return nil }
        switch pattern {
        case .gpt2: self = .gpt2
        case .digitsGPT2: self = .smollm
        case .broad(.llama3):
            guard case .bytePairs(let model) = document.model else { return nil }
            self = model.takesWholePieces ? .llama3 : .dbrx
        case .broad(.qwen2): self = .qwen2
        case .broad(.tekken): self = .tekken
        case .broad(.o200k): self = .o200k
        default: return nil
        }
    }

    /// The pre-tokenizer of a tokenizer.json that cuts in the same way.
    var json: JSONValue {
        switch self {
        case .gpt2: TokenizerParts.byteLevel(usesPattern: true)
        case .standard: Self.standardCuts
        case .smollm:
            TokenizerParts.sequence([
                TokenizerParts.singleDigits, TokenizerParts.byteLevel(usesPattern: true),
            ])
        case .llama3, .dbrx: TokenizerParts.split(KnownPatterns.llama3)
        case .qwen2: TokenizerParts.split(KnownPatterns.qwen2)
        case .tekken: TokenizerParts.split(KnownPatterns.tekken)
        case .o200k: TokenizerParts.split(KnownPatterns.o200k)
        }
    }

    /// Signs, words, numbers, and numbers of three digits, one cut after the other.
    private static let standardCuts: JSONValue = {
        let patterns = [
            #"[\p{P}\$\+<=>\^~\|]+"#, KnownPatterns.gpt2, #"\p{N}+"#, "[0-9][0-9][0-9]",
        ]
        let cuts = patterns.map { pattern -> JSONValue in
            [
                "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated",
                "invert": false,
            ]
        }
        return TokenizerParts.sequence(cuts + [TokenizerParts.byteLevel(usesPattern: false)])
    }()
}
