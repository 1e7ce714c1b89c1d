import Datasets
import Diagnostics
import JSON

extension TaskDefinition {
    private static let keys: Set<String> = [
        "task", "task_alias", "tag", "group", "group_alias", "dataset_path", "dataset_name",
        "dataset_kwargs", "training_split", "validation_split", "test_split", "fewshot_split",
        "output_type", "doc_to_text", "doc_to_target", "doc_to_choice", "description",
        "target_delimiter", "fewshot_delimiter", "fewshot_config", "num_fewshot", "metric_list",
        "filter_list", "generation_kwargs", "repeats", "gen_prefix", "metadata",
        "should_decontaminate", "doc_to_decontamination_query", "unsafe_code",
    ]
    /// Keys of the harness that hold programs of Python.
    private static let programs = [
        "process_docs", "process_results", "custom_dataset", "use_prompt", "class",
        "doc_to_image", "doc_to_audio",
    ]

    /// Reads the keys of a task, which are those of the harness.
    ///
    /// - Parameter place: the file.
    /// - Throws: `Failure` for keys that there are not, and for values that they cannot have.
    package init(_ value: JSONValue, at place: String) throws {
        let keys = try TaskKeys(value, at: place)
        if let program = Self.programs.first(where: { keys[$0] != nil }) {
            throw Failure(
                "the task's key \(program) is a program of Python", at: place,
                remedy: "write what it does as templates, or prepare the records", kind: .usage)
        }
        try keys.allow(Self.keys.union(Self.programs))
        guard let name = try keys.text("task") else {
            throw keys.failure("task", expected: "the name of the task")
        }
        guard try keys.integer("repeats", atLeast: 1) ?? 1 == 1 else {
            throw keys.failure("repeats", expected: "1: answers are not drawn at random")
        }
        let type = try keys.text("output_type") ?? OutputType.generateUntil.rawValue
        guard let outputType = OutputType(rawValue: type) else {
            let types = OutputType.allCases.map(\.rawValue).joined(separator: ", ")
            throw keys.failure("output_type", expected: "one of \(types)")
        }
        let fields = try TaskFields(keys, outputType)
        let delimiter = try keys.text("target_delimiter") ?? " "
        let fewshotDelimiter = try keys.text("fewshot_delimiter") ?? "\n\n"
        self.init(
            name: name, group: try keys.text("group"), outputType: outputType,
            source: try TaskSource(keys), metrics: try TaskMetric.list(keys, outputType),
            filters: try TaskFilter.list(keys),
            generation: try TaskGeneration(keys, delimiter: fewshotDelimiter),
            description: try keys.field("description"), fields: fields, targetDelimiter: delimiter,
            examples: try TaskExamples(
                keys, fields, targetDelimiter: delimiter, delimiter: fewshotDelimiter),
            shots: try keys.integer("num_fewshot", atLeast: 0) ?? 0)
    }
}

extension TaskFields {
    init(_ keys: TaskKeys, _ type: TaskDefinition.OutputType) throws {
        guard let text = try keys.field("doc_to_text") else {
            throw keys.failure("doc_to_text", expected: "the name of a field, or a template")
        }
        guard let target = try keys.field("doc_to_target") else {
            throw keys.failure("doc_to_target", expected: "the name of a field, or a template")
        }
        let choices = try keys.field("doc_to_choice")
        guard choices != nil || type != .multipleChoice else {
            throw keys.failure("doc_to_choice", expected: "a list, a field's name, or a template")
        }
        self.init(
            text: text, target: target, choices: choices,
            answerPrefix: try keys.field("gen_prefix"))
    }
}

extension TaskExamples {
    init(
        _ keys: TaskKeys, _ fields: TaskFields, targetDelimiter: String, delimiter: String
    ) throws {
        self.init(fields: fields, targetDelimiter: targetDelimiter, delimiter: delimiter)
        guard let keys = try keys.keys("fewshot_config") else { return }
        try keys.allow([
            "sampler", "split", "samples", "fewshot_indices", "doc_to_text", "doc_to_choice",
            "doc_to_target", "gen_prefix", "fewshot_delimiter", "target_delimiter",
        ])
        if let name = try keys.text("sampler") {
            guard let sampler = Sampler(rawValue: name) else {
                throw keys.failure("sampler", expected: "default or first_n")
            }
            self.sampler = sampler
        }
        self.fields.text = try keys.field("doc_to_text") ?? fields.text
        self.fields.target = try keys.field("doc_to_target") ?? fields.target
        self.fields.choices = try keys.field("doc_to_choice") ?? fields.choices
        self.fields.answerPrefix = try keys.field("gen_prefix") ?? fields.answerPrefix
        self.delimiter = try keys.text("fewshot_delimiter") ?? delimiter
        self.targetDelimiter = try keys.text("target_delimiter") ?? targetDelimiter
        indices = try keys.list("fewshot_indices")?.compactMap(\.integer)
        documents = try keys.list("samples")?.enumerated().map { index, value in
            guard let fields = value.object else {
                throw keys.failure("samples", expected: "a list of documents")
            }
            return TaskDocument(fields, at: "\(keys.place), sample \(index + 1)")
        }
    }
}

extension TaskSource {
    init(_ keys: TaskKeys) throws {
        training = try keys.text("training_split")
        validation = try keys.text("validation_split")
        test = try keys.text("test_split")
        fewshot = try keys.keys("fewshot_config")?.text("split") ?? keys.text("fewshot_split")
        dataset = try keys.text("dataset_path")
        table.isTyped = true
        if dataset == "csv" { table.delimiter = "," }
        try readLayouts(keys)
        guard let kwargs = try keys.keys("dataset_kwargs") else { return }
        table.delimiter = try kwargs.text("delimiter") ?? kwargs.text("sep") ?? table.delimiter
        table.columns = try kwargs.texts("column_names") ?? kwargs.texts("names")
        guard let value = kwargs["data_files"] else { return }
        guard value.members != nil else {
            files = ["train": try kwargs.texts("data_files") ?? []]
            return
        }
        let splits = try TaskKeys(value, at: keys.place, block: "dataset_kwargs.data_files.")
        for split in splits.members.keys { files[split] = try splits.texts(split) }
    }

    /// The columns of published tables, which the harness leaves alone.
    private mutating func readLayouts(_ keys: TaskKeys) throws {
        guard let tables = try keys.keys("metadata")?.list("tables") else { return }
        table.layouts = tables.map { ($0.array ?? []).compactMap(\.string) }
        // The answers of MMLU are letters, and so are the names of its columns.
        table.known = Set(table.layouts.joined().filter { $0.count > 1 })
        table.header = try keys.keys("metadata")?.text("header")
        table.isTyped = false
    }
}

extension TaskGeneration {
    /// - Parameter delimiter: ends a text where the task does not say what does.
    init(_ keys: TaskKeys, delimiter: String) throws {
        stops = [delimiter]
        guard let keys = try keys.keys("generation_kwargs") else { return }
        try keys.allow([
            "until", "max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens",
            "do_sample", "temperature", "top_p", "top_k",
        ])
        guard try !keys.isTrue("do_sample") else {
            throw keys.failure("do_sample", expected: "false: the likeliest tokens are taken")
        }
        stops = try keys.texts("until") ?? stops
        maximumTokens =
            try ["max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens"]
            .compactMap { try keys.integer($0, atLeast: 1) }.first ?? maximumTokens
    }
}
