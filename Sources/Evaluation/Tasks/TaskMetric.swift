import Diagnostics
import JSON
import Jinja

/// A figure that a task asks for.
struct TaskMetric: Sendable {
    /// The metrics by their names, with what makes one figure of the scores.
    private static let choices: [String: TaskAggregation] = [
        "acc": .mean, "acc_norm": .mean, "acc_bytes": .mean, "acc_mutual_info": .mean,
        "exact_match": .mean, "f1": .f1, "macro_f1": .macroF1, "weighted_f1": .weightedF1,
        "mcc": .matthews,
    ]
    private static let likelihoods: [String: TaskAggregation] = [
        "acc": .mean, "perplexity": .perplexity,
    ]
    private static let texts: [String: TaskAggregation] = [
        "exact_match": .mean, "exact": .percentage, "f1": .percentage, "rouge1": .mean,
        "rouge2": .mean, "rougeL": .mean, "rougeLsum": .mean,
    ]

    let name: String
    let aggregation: TaskAggregation
    /// How texts are changed before they are compared.
    var matching = TextMatching()
    /// Whether the words of summaries are compared by their stems.
    var comparesStems = false

    private static func known(_ type: TaskDefinition.OutputType) -> [String: TaskAggregation] {
        switch type {
        case .multipleChoice: choices
        case .logLikelihood: likelihoods
        case .generateUntil: texts
        }
    }

    static func list(_ keys: TaskKeys, _ type: TaskDefinition.OutputType) throws -> [TaskMetric] {
        guard let list = try keys.list("metric_list") else {
            let names: [TaskDefinition.OutputType: [String]] = [
                .multipleChoice: ["acc", "acc_norm"], .logLikelihood: ["perplexity", "acc"],
                .generateUntil: ["exact_match"],
            ]
            return (names[type] ?? []).compactMap { name in
                known(type)[name].map { TaskMetric(name: name, aggregation: $0) }
            }
        }
        return try list.map { value in
            try TaskMetric(TaskKeys(value, at: keys.place, block: "metric_list."), known(type))
        }
    }

    private init(name: String, aggregation: TaskAggregation) {
        (self.name, self.aggregation) = (name, aggregation)
    }

    private init(_ keys: TaskKeys, _ known: [String: TaskAggregation]) throws {
        let name = try keys.text("metric") ?? ""
        guard let standard = known[name] else {
            throw keys.failure(
                "metric", expected: "one of \(known.keys.sorted().joined(separator: ", "))")
        }
        try keys.allow([
            "metric", "aggregation", "higher_is_better", "hf_evaluate", "ignore_case",
            "ignore_punctuation", "ignore_numbers", "regexes_to_ignore", "use_stemmer",
        ])
        let aggregation = try keys["aggregation"].map { try Self.aggregation($0, keys) } ?? standard
        self.init(name: name, aggregation: standard == .percentage ? standard : aggregation)
        matching = try TextMatching(keys)
        comparesStems = try keys.isTrue("use_stemmer")
    }

    /// The name of an aggregation, or of a function that has it in its name.
    private static func aggregation(
        _ value: JSONValue, _ keys: TaskKeys
    ) throws -> TaskAggregation {
        if let name = value.string, let aggregation = TaskAggregation(rawValue: name) {
            return aggregation
        }
        let function = value["!function"]?.string ?? ""
        if let found = [TaskAggregation.macroF1, .weightedF1].first(where: {
            function.contains($0.rawValue)
        }) {
            return found
        }
        let names = TaskAggregation.allCases.map(\.rawValue).joined(separator: ", ")
        throw keys.failure("aggregation", expected: "one of \(names)")
    }
}

/// How texts are changed before they are compared.
struct TextMatching: Sendable {
    private var ignored: [TextPattern] = []
    private var ignoresCase = false
    private var ignoresPunctuation = false
    private var ignoresNumbers = false

    init() {}

    init(_ keys: TaskKeys) throws {
        ignored = try (keys.texts("regexes_to_ignore") ?? []).map { try TextPattern($0) }
        ignoresCase = try keys.isTrue("ignore_case")
        ignoresPunctuation = try keys.isTrue("ignore_punctuation")
        ignoresNumbers = try keys.isTrue("ignore_numbers")
    }

    func matches(_ text: String, _ right: String) -> Bool {
        plain(text).utf8.elementsEqual(plain(right).utf8)
    }

    private func plain(_ text: String) -> String {
        var text = ignored.reduce(text) { $1.replacing(in: $0, with: "") }
        if ignoresCase { text = text.lowercased() }
        if ignoresPunctuation { text = text.without(SquadText.punctuation) }
        return ignoresNumbers ? text.without(Self.digits) : text
    }

    private static let digits = Set("0123456789".unicodeScalars)
}

extension String {
    fileprivate func without(_ set: Set<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(unicodeScalars.filter { !set.contains($0) }))
    }
}
