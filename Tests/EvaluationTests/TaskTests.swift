import Datasets
import Diagnostics
import Evaluation
import JSON
import Testing

/// Tasks in the keys of lm-evaluation-harness, and what a model is asked.
@Suite struct TaskTests {
    private func task(
        _ keys: [String: JSONValue], _ documents: [[String: JSONValue]],
        examples: [[String: JSONValue]] = []
    ) throws -> EvaluationTask {
        var keys = keys
        keys["task"] = keys["task"] ?? "t"
        let definition = try TaskDefinition(.object(keys), at: "t.yaml")
        return EvaluationTask(
            definition,
            documents: documents.enumerated().map { TaskDocument($1, at: "line \($0 + 1)") },
            examples: examples.map { TaskDocument($0, at: "example") })
    }

    private let choice: [String: JSONValue] = [
        "output_type": "multiple_choice", "doc_to_text": "Q: {{q}}\nA:", "doc_to_target": "{{a}}",
        "doc_to_choice": "{{c}}",
    ]

    @Test func choicesStandBehindTheTextAndTheDelimiter() throws {
        let task = try task(choice, [["q": "Why?", "a": 1, "c": ["it's", "no"]]])
        #expect(
            try task.prompts() == [
                [
                    TaskPair(context: "Q: Why?\nA:", continuation: " it's"),
                    TaskPair(context: "Q: Why?\nA:", continuation: " no"),
                ]
            ])
    }

    @Test func shownDocumentsAreTheFirstOthers() throws {
        var keys = choice
        keys["description"] = "About {{q}}.\n\n"
        keys["fewshot_config"] = ["sampler": "first_n"]
        keys["test_split"] = "s"
        keys["fewshot_split"] = "s"
        let documents: [[String: JSONValue]] = (0..<3).map {
            ["q": .string("q\($0)"), "a": .integer($0 % 2), "c": ["r", "s"]]
        }
        let prompts = try task(keys, documents, examples: documents).prompts(shots: 1)
        #expect(
            prompts.map { $0[0].context } == [
                "About q0.\n\nQ: q1\nA: s\n\nQ: q0\nA:", "About q1.\n\nQ: q0\nA: r\n\nQ: q1\nA:",
                "About q2.\n\nQ: q0\nA: r\n\nQ: q2\nA:",
            ])
    }

    /// As `random.Random(1234).sample(range(10), 3)` twice.
    @Test func drawnDocumentsAreThoseOfPython() throws {
        var keys = choice
        keys["test_split"] = "test"
        let examples: [[String: JSONValue]] = (0..<10).map {
            ["q": .integer($0), "a": 0, "c": ["r", "s"]]
        }
        let document: [String: JSONValue] = ["q": "x", "a": 0, "c": ["r", "s"]]
        let prompts = try task(keys, [document, document], examples: examples).prompts(shots: 3)
        func context(_ numbers: [Int]) -> String {
            numbers.map { "Q: \($0)\nA: r\n\n" }.joined() + "Q: x\nA:"
        }
        #expect(prompts.map { $0[0].context } == [context([7, 1, 0]), context([1, 0, 9])])
        var random = PythonRandom(seed: 1234)
        #expect(random.sample(Array(0..<100), 7) == [99, 56, 14, 0, 11, 74, 4])
        var numbers = PythonRandom(seed: 0)
        #expect(numbers.uniform() == 0.8444218515250481)
    }

    /// WinoGrande: the choices are read, and one and the same ending is scored.
    @Test func textThatIsANumberMakesTheChoicesContexts() throws {
        let task = try task(
            [
                "output_type": "multiple_choice", "doc_to_text": "{{ answer | int - 1 }}",
                "doc_to_target": "{{ sentence.partition('_')[2].strip() }}",
                "doc_to_choice":
                    "{{ [sentence.partition('_')[0] ~ option1, sentence.partition('_')[0] ~ option2] }}",
            ],
            [["sentence": "He hit _ hard.", "option1": "Al", "option2": "Bo", "answer": "2"]])
        #expect(
            try task.prompts()[0] == [
                TaskPair(context: "He hit Al", continuation: " hard."),
                TaskPair(context: "He hit Bo", continuation: " hard."),
            ])
        let answer = try TaskAnswer(
            TaskAnswer.json([likelihood(-3), likelihood(-2)], isCut: false), task.documents[0],
            task.definition)
        #expect(figures(task, [answer])["acc"] == 1)
    }

    @Test(
        arguments: [
            (["output_type": "guess"], "output_type"), (["doc_to_txt": "a"], "write doc_to_text"),
            (["process_docs": ["!function": "u.f"]], "program of Python"),
            (["doc_to_target": ["!function": "u.f"]], "as a template"),
            (["metric_list": [["metric": "bleu"]]], "metric_list.metric"),
            (["doc_to_text": "{{ q"], "doc_to_text"), (["repeats": 2], "repeats"),
        ] as [([String: JSONValue], String)])
    func wrongKeysAreNamed(keys: [String: JSONValue], part: String) throws {
        let failure = #expect(throws: Failure.self) {
            try task(choice.merging(keys) { $1 }, [])
        }
        #expect(failure?.line.contains(part) == true, "\(failure?.line ?? "")")
    }

    @Test(
        arguments: [
            (["q": "a", "a": 2, "c": ["r", "s"]], "none of the choices"),
            (["q": "a", "a": 0, "c": []], "doc_to_choice"),
            (["a": 0, "c": ["r", "s"]], "'q' is undefined"),
        ] as [([String: JSONValue], String)])
    func unsuitableDocumentsAreNamed(document: [String: JSONValue], part: String) throws {
        let failure = #expect(throws: (any Error).self) {
            let task = try task(choice, [document])
            _ = try task.prompts()
            _ = try TaskAnswer([], task.documents[0], task.definition)
        }
        let line = (failure as? Failure)?.line ?? ""
        #expect(line.contains(part) && line.contains("line 1"), "\(line)")
    }

    // MARK: Figures

    private func likelihood(_ value: Double, isGreedy: Bool = false) -> TaskLikelihood {
        TaskLikelihood(logLikelihood: value, isGreedy: isGreedy)
    }

    private func figures(_ task: EvaluationTask, _ answers: [TaskAnswer]) -> [String: Double] {
        let results = TaskResults(task: task.definition, shots: 0, answers: answers)
        return Dictionary(
            uniqueKeysWithValues: results.figures.map {
                ($0.metric + ($0.filter == "none" ? "" : "," + $0.filter), $0.value)
            })
    }

    /// Per character -1, -2 and -1.75; per byte -1, -2 and -0.875.
    @Test func likelihoodsAreDividedByCharactersOrBytes() throws {
        var keys = choice
        keys["metric_list"] = .array(
            ["acc", "acc_norm", "acc_bytes", "exact_match"].map { ["metric": .string($0)] })
        let found = try (0..<3).map { right -> [String: Double] in
            let task = try task(
                keys, [["q": "q", "a": .integer(right), "c": ["aaaa", "b", "öö"]]])
            let told = TaskAnswer.json(
                [likelihood(-4), likelihood(-2, isGreedy: true), likelihood(-3.5)], isCut: false)
            return figures(task, [try TaskAnswer(told, task.documents[0], task.definition)])
        }
        #expect(found.map { $0["acc"] } == [0, 1, 0])
        #expect(found.map { $0["acc_norm"] } == [1, 0, 0])
        #expect(found.map { $0["acc_bytes"] } == [0, 0, 1])
        #expect(found.map { $0["exact_match"] } == [0, 1, 0])
    }

    /// The two filters of GSM8K.
    @Test(arguments: [
        ("So 3. #### 1,234", 1.0, 1.0), ("The answer is $1,234.", 0, 1), ("####1234 or 7", 0, 0),
        ("nothing", 0, 0),
    ])
    func filtersTakeOutTheNumber(text: String, strict: Double, flexible: Double) throws {
        let task = try task(
            [
                "output_type": "generate_until", "doc_to_text": "q", "doc_to_target": "a",
                "metric_list": [
                    [
                        "metric": "exact_match", "ignore_case": true,
                        "regexes_to_ignore": [",", "\\$", "(?s).*#### ", "\\.$"],
                    ]
                ],
                "filter_list": [
                    [
                        "name": "strict",
                        "filter": [
                            ["function": "regex", "regex_pattern": #"#### (\-?[0-9\.\,]+)"#]
                        ],
                    ],
                    [
                        "name": "flexible",
                        "filter": [
                            [
                                "function": "regex", "group_select": -1,
                                "regex_pattern": "(-?[$0-9.,]{2,})|(-?[0-9]+)",
                            ], ["function": "take_first"],
                        ],
                    ],
                ],
            ], [["q": "How many?", "a": "Some.\n#### 1234"]])
        let answer = try TaskAnswer(.string(text), task.documents[0], task.definition)
        #expect(
            figures(task, [answer]) == [
                "exact_match,strict": strict, "exact_match,flexible": flexible,
            ])
    }

    /// By scikit-learn's `f1_score` and `matthews_corrcoef`, and the harness' bootstrap.
    @Test func classFiguresAreThoseOfScikitLearn() throws {
        let scores = [(1, 1), (1, 0), (0, 0), (0, 1), (1, 1), (0, 0), (1, 1)].map {
            TaskScore.classes(right: $0.0, chosen: $0.1)
        }
        #expect(abs(TaskAggregation.f1.value(of: scores) - 0.75) < 1e-12)
        #expect(abs(TaskAggregation.macroF1.value(of: scores) - 0.7083333333333333) < 1e-12)
        #expect(abs(TaskAggregation.matthews.value(of: scores) - 0.4166666666666667) < 1e-12)
        #expect(TaskAggregation.f1.value(of: [.classes(right: 0, chosen: 0)]) == 0)
        let numbers = [0.0, 0, 1, 1, 1].map(TaskScore.number)
        let error = try #require(TaskAggregation.mean.standardError(of: numbers))
        #expect(abs(error - 0.24494897427831783) < 1e-15)
        #expect(TaskAggregation.mean.standardError(of: [.number(1)]) == nil)
    }

    /// By rouge-score 0.1.2 and SQuAD's script.
    @Test func textsAreComparedAsTheirPackagesDo() {
        let (text, right) = (
            RougeText("The cat sat.\nIt was on a mat, the cat!"),
            RougeText("A cat was on the mat.\nThe cat sat")
        )
        #expect(abs(text.f(right, inRow: 1) - Self.rouge[0]) < 1e-12)
        #expect(abs(text.f(right, inRow: 2) - Self.rouge[1]) < 1e-12)
        #expect(abs(text.longest(right) - Self.rouge[2]) < 1e-12)
        #expect(abs(text.longestOfSentences(right) - Self.rouge[3]) < 1e-12)
        #expect(SquadText("The  Cat!").exactness(SquadText("cat")) == 1)
        #expect(abs(SquadText("the big cat").f1(SquadText("a cat sat")) - 0.5) < 1e-12)
        #expect(SquadText("").f1(SquadText("the")) == 1 && SquadText("x").f1(SquadText("")) == 0)
    }

    /// By rouge-score 0.1.2 with its stemmer, and without.
    @Test(arguments: [
        (true, [0.6666666666666665, 0.16, 0.5925925925925926, 0.6666666666666665]),
        (false, [0.14814814814814814, 0, 0.07407407407407407, 0.07407407407407407]),
    ])
    func summariesAreComparedByStems(isStemmed: Bool, values: [Double]) {
        let text = RougeText(
            """
            Running dogs were happily chasing the cats.
            The relational agencies agreed, dying.
            """, isStemmed: isStemmed)
        let right = RougeText(
            """
            The dog ran and happily chased a cat.
            Relations of an agency agree to die.
            """, isStemmed: isStemmed)
        let own = [
            text.f(right, inRow: 1), text.f(right, inRow: 2), text.longest(right),
            text.longestOfSentences(right),
        ]
        #expect(zip(own, values).allSatisfy { abs($0 - $1) < 1e-12 }, "\(own)")
    }

    /// By NLTK 3.10's PorterStemmer, of which 91,019 words of the texts in shared/data and made ones were
    /// compared.
    @Test(arguments: [
        ("caresses", "caress"), ("ties", "tie"), ("ponies", "poni"), ("cats", "cat"),
        ("died", "die"), ("cried", "cri"), ("agreed", "agre"), ("feed", "feed"),
        ("plastered", "plaster"), ("sing", "sing"), ("hopping", "hop"), ("falling", "fall"),
        ("filing", "file"), ("failing", "fail"), ("happy", "happi"), ("enjoy", "enjoy"),
        ("conditional", "condit"), ("radically", "radic"), ("hopefully", "hope"),
        ("apology", "apolog"), ("vietnamization", "vietnam"), ("adoption", "adopt"),
        ("onion", "onion"), ("replacement", "replac"), ("probate", "probat"), ("rate", "rate"),
        ("cease", "ceas"), ("controlling", "control"), ("rolls", "roll"), ("skies", "sky"),
        ("succeed", "succeed"), ("1990s", "1990"), ("syzygies", "syzygi"), ("yyyy", "yyyi"),
    ])
    func stemsAreThoseOfPorter(word: String, stem: String) {
        #expect(WordStem.stem(of: word) == stem)
    }

    private static let rouge: [Double] = [
        0.9473684210526316, 0.47058823529411764, 0.631578947368421, 0.7368421052631577,
    ]
}
