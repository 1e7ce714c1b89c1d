import Evaluation
import Runs

/// Tasks of evaluations, and their questions.
extension FuzzTarget {
    static let questions = FuzzTarget(
        name: "questions", file: "questions.jsonl",
        prepare: { folder in
            let lines = [
                #"{"query": "Question: Why?", "choices": ["a", "b\u00e9"], "gold": 1}"#,
                #"{"ctx": "He", "ctx_a": "He", "ctx_b": "", "activity_label": "Fun [x]", "#
                    + #""endings": ["goes [step].", "stays"], "label": "0"}"#,
            ]
            try write(Array(lines.joined(separator: "\n").utf8), folder, "questions.jsonl")
            return lines.map { Array($0.utf8) }
        },
        read: { folder in try ask(folder + "/questions.jsonl") })

    /// Tables as they are published: MMLU's, CoLA's and MRPC's columns.
    static let questionTable = FuzzTarget(
        name: "question_table", file: "anatomy_val.csv",
        prepare: { folder in
            let tables = [
                "Why?,a,b,c,d,A\n\"Is, \"\"it\"\"?\",1,2,3,4,D\n",
                "gj04,1,,One more.\ngj04,0,*,\"More one,\"\n",
                "Quality,#1 ID,#2 ID,#1 String,#2 String\n1,7,8,He went.,He \"left\".\n",
            ]
            try write(Array(tables[0].utf8), folder, "anatomy_val.csv")
            return tables.dropFirst().map { Array($0.utf8) }
        },
        read: { folder in
            let path = folder + "/anatomy_val.csv"
            // A table that does not fit one task may fit the next.
            for name in ["cola", "mrpc", "sst2"] { try? ask("\(name)=\(path)") }
            try ask(path)
        })

    /// A user's own tasks, one of choices and one of texts.
    static let task = FuzzTarget(
        name: "task", file: "task.yaml",
        prepare: { folder in
            let record = #"{"q": "Why?", "c": ["a", "b"], "a": 1, "t": "x #### 12"}"#
            try write(Array((record + "\n" + record).utf8), folder, "records.jsonl")
            try write(Array(choices.utf8), folder, "task.yaml")
            return [Array(texts.utf8)]
        },
        read: { folder in try ask(folder + "/task.yaml") })

    private static let choices = """
        task: mine
        dataset_path: json
        dataset_kwargs: {data_files: {test: records.jsonl}}
        test_split: test
        fewshot_split: test
        output_type: multiple_choice
        description: "About {{ q | lower }}.\\n"
        doc_to_text: "{% if q is defined %}{{ q | regex_replace('\\\\[.*?\\\\]', '') }}{% endif %}"
        doc_to_choice: "{{ c }}"
        doc_to_target: a
        fewshot_config: {sampler: first_n}
        metric_list: [{metric: acc}, {metric: acc_norm}, {metric: f1, aggregation: macro_f1}]
        """

    private static let texts = """
        task: other
        dataset_kwargs: {data_files: {test: records.jsonl}}
        test_split: test
        output_type: generate_until
        doc_to_text: q
        doc_to_target: "{{ t }}"
        generation_kwargs: {until: ["\\n"], max_gen_toks: 8}
        metric_list: [{metric: exact_match, regexes_to_ignore: [","], ignore_case: true}]
        filter_list:
          - name: strict
            filter: [{function: regex, regex_pattern: '#### (\\-?[0-9]+)'}, {function: take_first}]
        """

    private static func ask(_ word: String) throws {
        for task in try TaskCatalog.tasks(word) {
            _ = try task.prompts(shots: 1, limit: 2)
            for document in task.documents.prefix(2) {
                _ = try TaskAnswer(.string("So #### 12"), document, task.definition)
            }
        }
    }
}
