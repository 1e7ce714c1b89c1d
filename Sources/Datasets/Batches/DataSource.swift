import Diagnostics
import Options

/// One of several sources of training tokens, as a recipe spells it: `{path: shards, weight: 0.7}`.
package struct DataSource: OptionType, Equatable, Sendable {
    /// A shard directory, a glob or a file.
    package var path: String
    /// The share of the sequences, next to the weights of the others.
    package var weight: Double?
    /// The tokens that one epoch of the mixture takes of the source.
    package var tokens: Int?

    package init(path: String, weight: Double? = nil, tokens: Int? = nil) {
        (self.path, self.weight, self.tokens) = (path, weight, tokens)
    }

    package init?(_ value: OptionValue) {
        guard case .members(let members) = value else { return nil }
        var (path, weight, tokens): (String?, Double?, Int?) = (nil, nil, nil)
        for member in members {
            switch member.key {
            case "path": path = String(member.value)
            case "weight":
                guard let number = Double(member.value), number > 0 else { return nil }
                weight = number
            case "tokens":
                guard let number = Int(member.value), number > 0 else { return nil }
                tokens = number
            default: return nil
            }
        }
        guard let path, !path.isEmpty, (weight == nil) != (tokens == nil) else { return nil }
        self.init(path: path, weight: weight, tokens: tokens)
    }

    package var optionValue: OptionValue {
        let share: OptionValue.Member =
            if let tokens {
                .init(key: "tokens", value: tokens.optionValue)
            } else {
                .init(key: "weight", value: (weight ?? 1).optionValue)
            }
        return .members([.init(key: "path", value: path.optionValue), share])
    }

    package static var expectation: String {
        "a source such as {path: shards, weight: 0.7} or {path: shards, tokens: 1000000}"
    }

    var share: Double { weight ?? Double(tokens ?? 0) }
}

/// Other weights of the sources from a step on: `{from_step: 1000, weights: [0.5, 0.5]}`.
package struct DataStage: OptionType, Equatable, Sendable {
    /// The first step that has the weights.
    package var fromStep: Int
    /// One for each source, in their order; 0 leaves a source out.
    package var weights: [Double]

    package init(fromStep: Int, weights: [Double]) {
        (self.fromStep, self.weights) = (fromStep, weights)
    }

    package init?(_ value: OptionValue) {
        guard case .members(let members) = value, members.count == 2,
            let step = members.first(where: { $0.key == "from_step" }).flatMap({ Int($0.value) }),
            let weights = members.first(where: { $0.key == "weights" })
                .flatMap({ [Double]($0.value) }),
            step > 0, weights.allSatisfy({ $0 >= 0 }), weights.contains(where: { $0 > 0 })
        else { return nil }
        self.init(fromStep: step, weights: weights)
    }

    package var optionValue: OptionValue {
        .members([
            .init(key: "from_step", value: fromStep.optionValue),
            .init(key: "weights", value: weights.optionValue),
        ])
    }

    package static var expectation: String {
        "a stage such as {from_step: 1000, weights: [0.5, 0.5]}"
    }
}

extension DataOptions {
    /// Refuses sources and stages that contradict each other.
    package func validate() throws(Failure) {
        guard !sources.isEmpty else {
            guard stages.isEmpty else {
                throw Failure(
                    FailureText("\(key: "data.stages") has no sources"),
                    expected: "data.sources", got: "none", remedy: "name the sources", kind: .usage)
            }
            return
        }
        try require(
            train == nil, "\(key: "data.sources") stands beside data.train", "one of them", "both")
        try require(
            shuffle != .blocks, "\(key: "data.shuffle") of several sources", "true or false",
            "blocks")
        let weighted = sources.count { $0.weight != nil }
        try require(
            weighted == 0 || weighted == sources.count, "\(key: "data.sources")",
            "weights for all of them, or tokens for all", "both")
        var last = 0
        for stage in stages {
            try require(
                stage.weights.count == sources.count, "\(key: "data.stages")",
                "\(sources.count) weights, one for each source", "\(stage.weights.count)")
            try require(
                stage.fromStep > last, "\(key: "data.stages")", "steps that rise",
                "\(stage.fromStep)"
            )
            last = stage.fromStep
        }
    }

    private func require(
        _ isMet: Bool, _ what: FailureText, _ expected: String, _ got: String
    ) throws(Failure) {
        guard !isMet else { return }
        throw Failure(what, expected: expected, got: got, kind: .usage)
    }
}
