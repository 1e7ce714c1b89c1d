import Diagnostics
import Options

/// All options of a corpus together.
package struct CorpusSettings: Equatable, Sendable {
    package var corpus: CorpusOptions
    package var deduplicate: DeduplicateOptions
    package var near: NearOptions
    package var decontaminate: DecontaminateOptions

    package init(
        corpus: CorpusOptions, deduplicate: DeduplicateOptions, near: NearOptions,
        decontaminate: DecontaminateOptions
    ) {
        self.corpus = corpus
        self.deduplicate = deduplicate
        self.near = near
        self.decontaminate = decontaminate
    }

    /// The files that the inputs name.
    package func inputFiles() throws -> [String] {
        try InputPaths.files(of: corpus.input.filter { $0 != PipedInput.name })
    }

    package var isDeduplicating: Bool { deduplicate.exact || deduplicate.lines || near.enabled }

    /// Throws a usage `Failure` for steps that are spelled wrong.
    package func validate() throws {
        for step in corpus.steps { try step.validate() }
        guard corpus.steps.count(where: { $0.kind == .deduplicate }) <= 1 else {
            throw Failure(
                FailureText("\(key: "corpus.steps") deduplicates twice"),
                expected: "one step deduplicate",
                got: "several", kind: .usage)
        }
        if case .atLeast = near.verify { return }
        guard !near.exhaustive else {
            throw Failure(
                FailureText(
                    "\(key: "corpus.deduplicate.near.exhaustive") compares every pair"),
                expected: "a share in corpus.deduplicate.near.verify", got: "none", kind: .usage)
        }
    }

    /// The steps before the deduplication, and those behind it.
    private var parts: (before: ArraySlice<StepOptions>, behind: ArraySlice<StepOptions>) {
        guard isDeduplicating,
            let index = corpus.steps.firstIndex(where: { $0.kind == .deduplicate })
        else { return (corpus.steps[...], []) }
        return (corpus.steps[..<index], corpus.steps[(index + 1)...])
    }

    private func decontamination() throws -> [any CleaningStep] {
        decontaminate.files.isEmpty ? [] : [try Decontamination(decontaminate)]
    }

    package func cleaningStage(_ plan: CorpusPlan, _ files: WorkFiles) throws -> CleaningStage {
        let steps = try parts.before.compactMap { try $0.step() }
        return CleaningStage(
            plan: plan, options: corpus, files: files,
            steps: steps + (isDeduplicating ? [] : try decontamination()),
            marker: isDeduplicating ? DocumentMarker(near) : nil)
    }

    package func finalStage(_ files: WorkFiles) throws -> FinalStage {
        let steps = try parts.behind.compactMap { try $0.step() }
        return FinalStage(
            files: files, options: corpus, steps: steps + (try decontamination()),
            marksClusters: deduplicate.clusterIDs)
    }

    /// The keys that decide what stays, as a recipe spells them; those that only say where and how fast
    /// are left out.
    package var description: [String: String] {
        func values<Block: OptionBlock>(_ block: Block, _ prefix: String) -> [(String, String)] {
            Block.fields.map { ("\(prefix)\($0.key)", $0.read(block).description) }
        }
        let idle = ["input", "output", "memory_megabytes"]
        let all =
            values(corpus, "").filter { !idle.contains($0.0) }
            + values(deduplicate, "deduplicate.") + values(near, "deduplicate.near.")
            + values(decontaminate, "decontaminate.")
        return Dictionary(uniqueKeysWithValues: all)
    }
}
