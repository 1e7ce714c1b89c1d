import ArgumentParser
import Collectives
import Datasets
import Diagnostics
import Evaluation
import Files
import ModelFiles
import Runs

extension TextEncoding: ExpressibleByArgument {}

/// `classify`: texts and the probabilities of their classes.
struct ClassifyCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify",
        abstract: "Tells the classes of texts, with probabilities, by a fine-tuned classifier.",
        discussion: """
            A file *.csv, *.tsv, *.json or *.jsonl holds texts, with or without labels; of any \
            other file each line is a text. Where all texts have labels, a report follows: accuracy, \
            precision, recall and F1 of each class, and the confusion matrix. Texts longer than \
            the model's context lose their end. Under mpirun the ranks share the work.

            Examples:
              swift-llm-train classify --model runs/spam/checkpoints/best \\
                --text 'You have won a free prize, call now'
              swift-llm-train classify --model MODEL --input messages.tsv --json
            """)

    @Option(help: ArgumentHelp("A classifier's directory, checkpoint or run.", valueName: "dir"))
    var model: String

    @Option(
        help: ArgumentHelp(
            "A text, or - for standard input; may be given again.", valueName: "text"))
    var text: [String] = []

    @Option(help: ArgumentHelp("A file of texts, or a directory of files.", valueName: "file"))
    var input: String?

    @Option(
        help: ArgumentHelp(
            "The column or field of the texts: a name, or a number from 1 on; by default \(LabelledTextColumns().text).",
            valueName: "column"))
    var textColumn: String?

    @Option(
        help: ArgumentHelp(
            "The column or field of the labels; by default \(LabelledTextColumns().label).",
            valueName: "column"))
    var labelColumn: String?

    @Flag(
        inversion: .prefixedNo,
        help: "Whether the first row names the columns; by default if the texts' name stands in it."
    )
    var header: Bool?

    @Option(
        help: ArgumentHelp(
            "The encoding of the file: \(TextEncoding.choices.joined(separator: ", ")).",
            valueName: "name"))
    var encoding: TextEncoding = .utf8

    @Flag(help: "Print one JSON object a line.")
    var json = false

    @OptionGroup var baseFlag: BaseFlag

    func run(on communicator: any Communicator) throws -> Int32 {
        try communicator.agree { try validateFlags() }
        let compute = try ComputeResources.agree(threadsPerRank: nil, over: communicator)
        // What is piped in reaches the first rank alone.
        let read = try communicator.agree {
            communicator.rank == 0 && text.contains("-") ? try StandardInput.text() : ""
        }
        let piped = String(
            decoding: try communicator.broadcast(Array(read.utf8), from: 0), as: UTF8.self)
        let found = try ClassifyPhase(communicator: communicator, compute: compute).run(
            model: try communicator.agree { try ModelPath(model) }
                .announced(isSpeaking: communicator.rank == 0), base: baseFlag.base,
            texts: { try readTexts(piped: piped) })
        if communicator.rank == 0 { tell(found) }
        try communicator.agree { try found.requireFinite() }
        return 0
    }

    private func readTexts(piped: String) throws -> [LabelledText] {
        guard let input else {
            return try text.enumerated().map { number, text in
                try LabelledText(
                    text: text == "-" ? piped : text, label: nil, place: "--text \(number + 1)")
            }
        }
        var columns = LabelledTextColumns()
        columns.text = textColumn ?? columns.text
        columns.label = labelColumn ?? columns.label
        columns.hasHeader = header
        return try DirectoryEntries.files(in: [input]).flatMap {
            try LabelledTextFile.read(
                $0, columns: columns, encoding: encoding, needsLabels: false)
        }
    }

    private func tell(_ found: ClassifiedTexts) {
        for warning in found.warnings {
            Console.write("warning: \(warning)\n", to: .standardError)
        }
        if json {
            for line in found.jsonLines { Console.line(line.text()) }
            if let report = found.report { Console.line(report.json.text()) }
        } else {
            Console.line(found.text)
            if let report = found.report { Console.line("\n" + report.text) }
        }
    }

    private func validateFlags() throws {
        guard text.isEmpty == (input != nil) else {
            throw Failure(
                "what to classify", expected: "either --text or --input",
                got: text.isEmpty ? "neither" : "both", remedy: "see --help", kind: .usage)
        }
        let ofFiles = [
            ("--encoding", encoding != .utf8), ("--text-column", textColumn != nil),
            ("--label-column", labelColumn != nil),
            (header == false ? "--no-header" : "--header", header != nil),
        ]
        if input == nil, let stray = ofFiles.first(where: \.1) {
            throw Failure(
                "\(stray.0) has no effect", expected: "to stand with --input", got: "--text",
                remedy: "leave it out", kind: .usage)
        }
    }
}
