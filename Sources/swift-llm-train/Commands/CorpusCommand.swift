import ArgumentParser
import Collectives
import Corpus
import Diagnostics
import Options
import Runs

/// `corpus`: a group of three commands.
struct CorpusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "corpus",
        abstract: "Takes raw files of text to clean documents.",
        discussion: """
            Reads plain text, JSON Lines, JSON arrays and tables, each also compressed by gzip, zstd, \
            bzip2 or xz. What a file is, its bytes tell. Under mpirun all ranks share the work; what \
            they make does not depend on their number.

            Examples:
              swift-llm-train corpus clean --input raw --output clean
              mpirun -n 4 swift-llm-train corpus deduplicate --input clean --output unique
              swift-llm-train corpus report unique
            """,
        subcommands: [
            CorpusCleanCommand.self, CorpusDeduplicateCommand.self, CorpusReportCommand.self,
        ])
}

/// The flags of the commands that make documents.
struct CorpusFlags: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Files, directories of them, and patterns in quotes.", valueName: "file"))
    var input: [String] = []

    @Option(help: ArgumentHelp("The directory of the documents.", valueName: "dir"))
    var output: String?

    @Option(help: ArgumentHelp("A recipe with a block corpus.", valueName: "recipe.yaml"))
    var config: String?

    @Option(help: ArgumentHelp("The field of the text in records.", valueName: "name"))
    var textField: String?

    @Option(help: "The compression of the documents: none, zst or gz.")
    var compress: OutputCompression?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Evaluation files: documents that share 13 words with them go.", valueName: "file"))
    var decontaminate: [String] = []

    @Flag(
        help: "Refuse records without a text, and text that is not UTF-8, instead of counting them."
    )
    var strict = false

    @Flag(name: .customLong("resume"), help: "Go on with a run that was cut off.")
    var isResuming = false

    @Argument(help: ArgumentHelp("Keys of the recipe to change.", valueName: "key=value"))
    var overrides: [String] = []

    /// - Parameter fixed: The keys that the command decides.
    /// - Returns: the exit code.
    func run(_ fixed: [String], on communicator: any Communicator) throws -> Int32 {
        let reading = try communicator.agree {
            let file = try config.map(RecipeFile.init(path:)) ?? Self.standard
            return try RecipeReading(
                file, overrides: fixed + keys + overrides, phases: [.corpus])
        }
        if communicator.rank == 0 { reading.announce() }
        try CorpusPhase(communicator: communicator).run(reading.recipe, isResuming: isResuming)
        return 0
    }

    /// The recipe of a command without one.
    private static let standard = RecipeFile(
        name: "the defaults", text: "name: corpus", isBuiltIn: true)

    private var keys: [String] {
        var keys: [String] = []
        func add(_ key: String, _ value: OptionValue?) {
            if let value { keys.append("corpus.\(key)=\(value)") }
        }
        add("input", input.isEmpty ? nil : input.optionValue)
        add("output", output?.optionValue)
        add("text_field", textField?.optionValue)
        add("compress", compress?.optionValue)
        add("strict", strict ? true.optionValue : nil)
        add("decontaminate.files", decontaminate.isEmpty ? nil : decontaminate.optionValue)
        return keys
    }
}

extension OutputCompression: ExpressibleByArgument {}

/// `corpus clean`: the steps alone.
struct CorpusCleanCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean",
        abstract: "Reads files, and takes the steps of cleaning.",
        discussion: """
            Without a recipe the steps are those of FineWeb: text, gopher_repetition, gopher_quality, \
            c4, fineweb. Kept documents go to DIR/part-NNNNN.jsonl, others with the reason to \
            DIR/dropped, and the counts to DIR/report.json and DIR/report.html.

            Examples:
              swift-llm-train corpus clean --input raw/*.jsonl.zst --output clean
              swift-llm-train corpus clean --input a.txt --output clean \\
                'corpus.steps=[text, {kind: length, minimum: 200}]'
            """)

    @OptionGroup var flags: CorpusFlags

    func run(on communicator: any Communicator) throws -> Int32 {
        try flags.run(
            ["exact", "lines", "near.enabled"].map { "corpus.deduplicate.\($0)=false" },
            on: communicator)
    }
}

/// `corpus deduplicate`: equal documents, then nearly equal ones.
struct CorpusDeduplicateCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "deduplicate",
        abstract: "Takes equal and nearly equal documents away, but for one of each.",
        discussion: """
            Equal documents go first. Then documents go that share four of five runs of 5 words, \
            found by MinHash (14 bands of 8 hashes) and checked.

            Examples:
              mpirun -n 4 swift-llm-train corpus deduplicate --input clean --output unique
              swift-llm-train corpus deduplicate --input clean --output unique --cluster-ids
            """)

    @OptionGroup var flags: CorpusFlags

    @Flag(help: "Keep copies, and write the number of their cluster instead.")
    var clusterIds = false

    func run(on communicator: any Communicator) throws -> Int32 {
        let fixed = [
            "corpus.steps=[]", "corpus.deduplicate.exact=true",
            "corpus.deduplicate.near.enabled=true",
        ]
        return try flags.run(
            fixed + (clusterIds ? ["corpus.deduplicate.cluster_ids=true"] : []), on: communicator)
    }
}

/// `corpus report`: what became of a corpus.
struct CorpusReportCommand: FirstRankCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Prints what became of the documents of a corpus.",
        discussion: """
            report.html in the same directory shows more, with examples.

            Examples:
              swift-llm-train corpus report clean
              swift-llm-train corpus report runs/corpus/corpus
            """)

    @Argument(help: ArgumentHelp("The directory of the documents.", valueName: "dir"))
    var directory: String

    func run() throws {
        let report = try CorpusReport(at: "\(directory)/report.json")
        Console.line(report.summary)
        let rows = report.counts.dropped.sorted { $0.key < $1.key }.map {
            "  \($0.key): \($0.value.documents) documents, \(Quantity.bytes($0.value.bytes))"
        }
        for row in rows { Console.line(row) }
    }
}
