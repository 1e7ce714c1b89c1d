import Collectives
import Datasets
import Diagnostics
import Files
import Models
import Objectives
import Tensors

/// What a teacher says of all examples, in a file that is made where it is not there yet.
struct StoredTeacher {
    let path: String
    let model: ReferenceModel
    let examples: [TokenExample]
    /// Whether the products of the model are rounded, which gives other numbers.
    let roundsWeights: Bool
    /// Tokens that are kept behind each token that counts.
    let count: Int
    let temperature: Double
    let vocabularySize: Int

    /// Examples of a rank that are gathered at a time.
    private static let portionSize = 16

    /// The tokens, and whether they were there. Collective.
    ///
    /// - Parameter load: loads the model; collective.
    func tokens(
        over communicator: any Communicator, _ load: () throws -> LanguageModel
    ) throws -> (tokens: TaughtTokens, isRead: Bool) {
        let subject = try communicator.agree {
            LikeliestTokensFile.Subject(
                examplesSHA256: examples.sha256,
                modelSHA256: try model.sha256(roundsWeights: roundsWeights),
                count: min(count, vocabularySize), temperature: temperature)
        }
        let isThere = try communicator.agree { try DirectoryEntries.isThere(path) }
        let found = try communicator.allReduce([Int64(isThere ? 1 : 0)], .maximum)[0]
        let rows = examples.map { $0.targets.count { $0 >= 0 } }
        if found > 0 {
            let file = try communicator.agree {
                try LikeliestTokensFile(
                    reading: path, subject, tokenCount: rows.reduce(0, +),
                    vocabularySize: vocabularySize)
            }
            return (TaughtTokens(file, rows: rows), true)
        }
        let file = try read(subject, rows, by: load(), over: communicator)
        try communicator.agree {
            guard communicator.rank == 0 else { return }
            try file.write(to: path)
        }
        return (TaughtTokens(file, rows: rows), false)
    }

    /// Lets the model read all examples, each rank its share. Each example is a forward pass of its own: what
    /// is said of it does not depend on those beside it, nor on the number of ranks.
    private func read(
        _ subject: LikeliestTokensFile.Subject, _ rows: [Int], by model: LanguageModel,
        over communicator: any Communicator
    ) throws -> LikeliestTokensFile {
        let worldSize = communicator.worldSize
        let roundSize = Self.portionSize * worldSize
        var (ids, costs): ([Int32], [Float]) = ([], [])
        for first in stride(from: 0, to: examples.count, by: roundSize) {
            // Each rank a run of examples, so that what is gathered is in their order.
            let own = (first + communicator.rank * Self.portionSize..<first + roundSize)
                .prefix(Self.portionSize).filter { $0 < examples.count }
            let found = own.map { likeliest(examples[$0], by: model, subject.count) }
            ids += try communicator.gather(found.flatMap { $0.ids.array })
            costs += try communicator.gather(
                found.flatMap { $0.logShares.array.map { max(0, -$0) } })
        }
        return LikeliestTokensFile(subject, ids: ids, costs: costs)
    }

    private func likeliest(
        _ example: TokenExample, by model: LanguageModel, _ count: Int
    ) -> LikeliestTokens {
        let compared = TokenBatch([example]).comparedRows(of: 0..<1, on: model.device)
        let logits = model.logits(after: compared)
        return model.device.likeliest(
            count, of: logits(0..<compared.rows.count), vocabularySize: vocabularySize,
            temperature: Float(temperature))
    }
}

/// What a teacher has said, in memory.
struct TaughtTokens {
    private let file: LikeliestTokensFile
    private let rows: [Int]

    /// - Parameter rows: the tokens that count of each example.
    init(_ file: LikeliestTokensFile, rows: [Int]) { (self.file, self.rows) = (file, rows) }

    /// The number of the first row of each example.
    var firstRows: [Int] {
        var end = 0
        return rows.map { count in
            defer { end += count }
            return end
        }
    }

    /// Of the tokens that count of some sequences of a batch, whose only number is that of their first row.
    func tokens(
        _ batch: TokenBatch, _ part: Range<Int>, on device: Device
    ) -> LikeliestTokens {
        let count = file.subject.count
        let places = part.flatMap { sequence in
            let first = Int(batch.numbers[sequence].first ?? 0)
            let rows = batch.countedTargets(of: sequence..<sequence + 1)
            return first * count..<(first + rows) * count
        }
        let shape = [places.count / count, count]
        return LikeliestTokens(
            ids: device.tensor(places.map { file.ids[$0] }, shape: shape),
            logShares: device.tensor(places.map { -file.costs[$0] }, shape: shape))
    }
}

extension Communicator {
    /// The numbers of all ranks, one after the other.
    fileprivate func gather<Number: BitwiseCopyable>(_ own: [Number]) throws -> [Number] {
        let bytes = own.withUnsafeBytes { Array($0) }
        return try allGather(ofAnySize: bytes).flatMap { bytes in
            bytes.withUnsafeBytes { Array($0.bindMemory(to: Number.self)) }
        }
    }
}
