import Collectives
import Diagnostics
import Files

/// Takes raw files to clean documents, on all ranks.
///
/// The corpus lies in pieces that do not depend on the number of ranks; each stage writes files of each
/// piece, whole or not at all, so that a run that was ended goes on where it was. No rank holds the corpus.
package struct CorpusPipeline {
    private let communicator: any Communicator
    private let settings: CorpusSettings

    package init(_ settings: CorpusSettings, over communicator: any Communicator) {
        self.settings = settings
        self.communicator = communicator
    }

    private var options: CorpusOptions { settings.corpus }

    /// Collective.
    ///
    /// - Parameters:
    ///   - isResuming: Whether to go on with what lies in the output.
    ///   - isReplacing: Whether what lies there of other options or files goes.
    ///   - say: Tells a line on the first rank.
    package func run(
        isResuming: Bool, isReplacing: Bool = false, say: (String) -> Void
    ) throws -> CorpusReport {
        guard let output = options.output else {
            preconditionFailure("the output of the corpus has not been settled")
        }
        let files = WorkFiles(output: output)
        if let report = try takePipe(files, isResuming: isResuming) { return report }
        let plan = try CorpusPlan.agreed(PipedInput.settled(options, files), over: communicator)
        let start = WorkStart(plan, settings, files)
        let isDone = try communicator.agreedMaximum(
            of: communicator.agree {
                guard communicator.rank == 0 else { return false }
                return try start.begin(isResuming: isResuming, isReplacing: isReplacing)
            } ? 1 : 0)
        if isDone != 0 { return try communicator.agree { try CorpusReport(at: files.reportPath) } }
        say(
            "reading \(Quantity.count(plan.files.count, "file")) in "
                + Quantity.count(plan.pieces.count, "piece"))
        let sums = try hashes(of: plan)
        let clusters = try makeAllPieces(plan, files, say: say)
        say("writing")
        let parts = try assemble(files, pieceCount: plan.pieces.count)
        let report = CorpusReport(
            programVersion: ProgramNumber.text, sources: sources(plan, sums, files),
            options: settings.description,
            counts: try communicator.agree { try counts(files, plan.pieces.count, clusters) },
            parts: parts)
        try finish(report, files)
        return report
    }

    /// The stages of all pieces.
    ///
    /// - Returns: the sizes of clusters.
    private func makeAllPieces(
        _ plan: CorpusPlan, _ files: WorkFiles, say: (String) -> Void
    ) throws -> PieceStatistics {
        let owners = plan.owners(worldSize: communicator.worldSize)
        let own = owners.indices.filter { owners[$0] == communicator.rank }
        let clean = try communicator.agree { try settings.cleaningStage(plan, files) }
        try makePieces(own, progress("cleaning", files, .cleanCounts, plan)) { piece, progress in
            try clean.run(piece, progress)
        }
        var clusters = PieceStatistics()
        if settings.isDeduplicating {
            say("comparing documents")
            clusters = try deduplicate(files, owners)
            let final = try communicator.agree { try settings.finalStage(files) }
            try makePieces(own, progress("keeping", files, .finalCounts, plan)) {
                piece, progress in
                try final.run(piece, progress)
            }
        }
        try communicator.barrier()
        return clusters
    }

    private func sources(
        _ plan: CorpusPlan, _ sums: [String], _ files: WorkFiles
    ) -> [CorpusReport.Source] {
        zip(plan.files, sums).map { file, sum in
            CorpusReport.Source(
                path: file.path == files.pipedPath ? PipedInput.name : file.path,
                bytes: file.size, format: file.kind.name, sha256: sum)
        }
    }

    /// Writes the report, of which the one in JSON says that all is there.
    private func finish(_ report: CorpusReport, _ files: WorkFiles) throws {
        try communicator.barrier()
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            try ReportPage.write(report, to: "\(files.output)/report.html")
            try PublishedFile.write(WorkFiles.text(report), to: files.reportPath)
            try DirectoryEntries.remove(files.directory)
        }
    }

    /// What tells how far a stage is, on the first rank.
    private func progress(
        _ name: String, _ files: WorkFiles, _ kind: WorkFiles.Kind, _ plan: CorpusPlan
    ) -> StageProgress? {
        communicator.rank == 0 ? StageProgress(name, files, kind, sizes: plan.pieceSizes) : nil
    }

    private func makePieces(
        _ own: [Int], _ progress: StageProgress?,
        _ make: (_ piece: Int, _ progress: StageProgress?) throws -> Void
    ) throws {
        defer { progress?.finish() }
        try communicator.agree { for piece in own { try make(piece, progress) } }
    }

    /// Takes what is piped in.
    ///
    /// - Returns: the report of a corpus that was made of it and is finished.
    private func takePipe(_ files: WorkFiles, isResuming: Bool) throws -> CorpusReport? {
        guard options.input.contains(PipedInput.name) else { return nil }
        let isDone = try communicator.agreedMaximum(
            of: communicator.agree {
                guard communicator.rank == 0 else { return false }
                if isResuming, try DirectoryEntries.isThere(files.reportPath) { return true }
                try PipedInput.keep(in: files)
                return false
            } ? 1 : 0)
        return isDone == 0 ? nil : try communicator.agree { try CorpusReport(at: files.reportPath) }
    }

    /// The hashes of the files, each made by one rank.
    private func hashes(of plan: CorpusPlan) throws -> [String] {
        let (rank, world) = (communicator.rank, communicator.worldSize)
        let own = try communicator.agree {
            try plan.files.indices.filter { $0 % world == rank }.map {
                try plan.files[$0].sha256()
            }
        }
        let all = try communicator.allGather(ofAnySize: Array(own.joined(separator: "\n").utf8))
            .map { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) }
        return plan.files.indices.map { all[$0 % world][$0 / world] }
    }

    private func deduplicate(_ files: WorkFiles, _ owners: [Int]) throws -> PieceStatistics {
        let done = "\(files.directory)/deduplicated"
        let isDone = try communicator.agreedMaximum(
            of: communicator.agree { try DirectoryEntries.isThere(done) } ? 1 : 0)
        let counts: PieceStatistics
        if isDone != 0 {
            counts = try communicator.agree { try files.counts(at: done) }
        } else {
            let own = try Deduplication(
                communicator: communicator, files: files, options: settings.deduplicate,
                near: settings.near, owners: owners, memory: options.memoryMegabytes << 20
            ).run()
            counts = try communicator.allGather(ofAnySize: WorkFiles.text(own))
                .map { try WorkFiles.counts(of: $0) }
                .reduce(into: PieceStatistics()) { $0.add($1) }
            try communicator.agree {
                if communicator.rank == 0 {
                    try PublishedFile.write(WorkFiles.text(counts), to: done)
                }
            }
        }
        try communicator.barrier()
        return counts
    }

    private func assemble(_ files: WorkFiles, pieceCount: Int) throws -> Int {
        let pieces = 0..<pieceCount
        let size = options.partMegabytes << 20
        let kind = settings.isDeduplicating ? WorkFiles.Kind.final : .clean
        let dropped: [WorkFiles.Kind] =
            settings.isDeduplicating ? [.cleanDropped, .finalDropped] : [.cleanDropped]
        return try communicator.agree {
            let kept = try PartAssembly(pieces.map { files.path(kind, $0) }, partSize: size)
            let gone = try PartAssembly(
                pieces.flatMap { piece in dropped.map { files.path($0, piece) } }, partSize: size)
            for (assembly, isDropped) in [(kept, false), (gone, true)] {
                for part in 0..<assembly.partCount
                where part % communicator.worldSize == communicator.rank {
                    let path = files.partPath(part, isDropped: isDropped, options.compress)
                    try assembly.write(part, to: path, options.compress)
                    guard options.plainText, !isDropped else { continue }
                    try assembly.writeTexts(part, to: files.textPath(part))
                }
            }
            return kept.partCount
        }
    }

    private func counts(
        _ files: WorkFiles, _ pieceCount: Int, _ clusters: PieceStatistics
    ) throws -> PieceStatistics {
        var total = PieceStatistics()
        for piece in 0..<pieceCount {
            guard var counts = try files.counts(.cleanCounts, piece) else { continue }
            if settings.isDeduplicating, let final = try files.counts(.finalCounts, piece) {
                (counts.kept, counts.lengths) = (PieceStatistics.Amount(), [:])
                counts.add(final)
            }
            total.add(counts)
        }
        total.add(clusters)
        return total
    }
}
