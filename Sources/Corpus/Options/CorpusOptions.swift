import Diagnostics
import Options

/// The compression of what is written.
package enum OutputCompression: String, OptionChoice {
    case none, zst, gz
}

/// The encoding of plain text and tables that have no mark of their own.
package enum TextEncoding: String, OptionChoice {
    case utf8 = "utf-8"
    case latin1 = "latin-1"
}

/// Raw files, and what becomes of them.
package struct CorpusOptions: OptionBlock {
    /// The files, directories of them, and patterns such as data/*.jsonl.
    package var input: [String] = []
    /// The directory of the clean documents; by default OUTPUT/corpus.
    package var output: String?
    /// What separates the documents of a plain text; line feeds alone mean at least so many.
    package var separator = "<|endoftext|>"
    /// The field of the text in records.
    package var textField = "text"
    package var encoding = TextEncoding.utf8
    /// Whether bytes that are not text, and records without one, are refused instead of counted.
    package var strict = false
    package var compress = OutputCompression.none
    /// Megabytes (MiB) that a rank holds when it sorts; what is more goes to disk. Usual 256 to 4096.
    package var memoryMegabytes = 512
    /// Megabytes (MiB) of records in a part before compression; usual 64 to 1024.
    package var partMegabytes = 256
    /// Megabytes (MiB) of a file that a rank reads at a time; usual 16.
    package var pieceMegabytes = 16
    /// Whether the texts are written as plain text, too, as the phase prepare reads it.
    package var plainText = false
    /// The steps, in their order.
    package var steps = CorpusOptions.usualSteps

    package init() {}

    /// The order of FineWeb, for texts without addresses and a language model.
    package static let usualSteps: [StepOptions] = [
        StepOptions(.text), StepOptions(.gopherRepetition), StepOptions(.gopherQuality),
        StepOptions(.c4, [.init(key: "terminal_punctuation", value: .plain("false"))]),
        StepOptions(.fineweb),
    ]

    package static var fields: [OptionField<CorpusOptions>] {
        [
            OptionField("input", \.input, .changesFreely).naming(.input),
            OptionField("output", \.output, .changesFreely).naming(.output),
            OptionField("separator", \.separator, .changesFreely),
            OptionField("text_field", \.textField, .changesFreely),
            OptionField("encoding", \.encoding, .changesFreely),
            OptionField("strict", \.strict, .changesFreely),
            OptionField("compress", \.compress, .changesFreely),
            OptionField("memory_megabytes", \.memoryMegabytes, .atLeast(16), .changesFreely),
            OptionField("part_megabytes", \.partMegabytes, .atLeast(1), .changesFreely),
            OptionField("piece_megabytes", \.pieceMegabytes, .atLeast(1), .changesFreely),
            OptionField("plain_text", \.plainText, .changesFreely),
            OptionField("steps", \.steps, .changesFreely),
        ]
    }
}

/// Which repetitions across documents go.
package struct DeduplicateOptions: OptionBlock {
    /// Whether documents of the same text go, but for the first.
    package var exact = false
    /// Whether lines go that an earlier document has.
    package var lines = false
    /// Characters of a line that is long enough to be compared; usual 20.
    package var minimumLine = 20
    /// Whether copies stay, with the cluster that they belong to.
    package var clusterIDs = false

    package init() {}

    package static var fields: [OptionField<DeduplicateOptions>] {
        [
            OptionField("exact", \.exact, .changesFreely),
            OptionField("lines", \.lines, .changesFreely),
            OptionField("minimum_line", \.minimumLine, .atLeast(1), .changesFreely)
                .when(.key("lines", is: "true")),
            OptionField("cluster_ids", \.clusterIDs, .changesFreely),
        ]
    }
}

/// The document of a cluster that stays.
package enum Survivor: String, OptionChoice {
    case first, longest
}

/// The share of their shingles that two documents must have in common.
package enum SimilarityCheck: OptionType, Sendable {
    case none
    case atLeast(Double)

    package init?(_ value: OptionValue) {
        if case .scalar("none", _) = value {
            self = .none
        } else if let share = Double(value), share > 0, share <= 1 {
            self = .atLeast(share)
        } else {
            return nil
        }
    }

    package var optionValue: OptionValue {
        switch self {
        case .none: .scalar("none", isPlain: false)
        case .atLeast(let share): share.optionValue
        }
    }

    package static var expectation: String { "a share above 0, at most 1, or none" }
}

/// When documents are nearly equal. Source: Broder 1997; the numbers are those of FineWeb.
package struct NearOptions: OptionBlock {
    /// Whether nearly equal documents go, but for one of each cluster.
    package var enabled = false
    /// Words of a shingle; usual 5.
    package var ngram = 5
    /// Bands of hashes, of which one must be equal; usual 14.
    package var buckets = 14
    /// Hashes of a band; usual 8.
    package var hashes = 8
    /// The least share of shingles that two documents have in common; none asks for no more than an equal
    /// band.
    package var verify = SimilarityCheck.atLeast(0.8)
    package var survivor = Survivor.first
    /// Whether every pair is compared, for tests of small corpora.
    package var exhaustive = false

    package init() {}

    package static var fields: [OptionField<NearOptions>] {
        [
            OptionField("enabled", \.enabled, .changesFreely),
            OptionField("ngram", \.ngram, .atLeast(1), .changesFreely),
            OptionField("buckets", \.buckets, .atLeast(1), .changesFreely),
            OptionField("hashes", \.hashes, .atLeast(1), .changesFreely),
            OptionField("verify", \.verify, .changesFreely),
            OptionField("survivor", \.survivor, .changesFreely),
            OptionField("exhaustive", \.exhaustive, .changesFreely),
        ]
    }
}
