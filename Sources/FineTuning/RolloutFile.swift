import Collectives
import Diagnostics
import Files
import JSON

/// A file of answers, a line of JSON each, as a run keeps those of its steps in `rollouts`.
struct RolloutFile {
    let path: String

    init(path: String) {
        self.path = path
    }

    /// - Parameter first: the first step that learns from them, from 0.
    init(ofStep first: Int, inRun run: String) {
        path = "\(run)/rollouts/step-\(first + 1).jsonl"
    }

    /// - Parameter prompts: the texts of the prompts, one for each answer.
    func write(_ rollout: Rollout, names: [String], prompts: [String]) throws {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        try DirectoryEntries.make(
            folder.joined(separator: "/"), what: "cannot make the directory of answers")
        let lines = zip(rollout.answers, prompts).map {
            $0.json(names: names, prompt: $1).text() + "\n"
        }
        try PublishedFile.write(Array(lines.joined().utf8), to: path)
    }

    /// The answers, the same on all ranks, read by the first. Collective.
    ///
    /// - Throws: `Failure` for a file that is not there, or holds something else.
    func answers(
        names: [String], over communicator: any Communicator, isEnd: ([Int32]) -> Bool
    ) throws -> [RolloutAnswer] {
        let bytes = try communicator.agree {
            communicator.rank == 0
                ? try FileReader.bytes(of: path, what: "cannot read the answers") : []
        }
        return try parsed(
            try communicator.broadcast(bytes, from: 0), names, communicator, isEnd)
    }

    /// The same; none where the file is not there. Collective.
    func recorded(
        names: [String], over communicator: any Communicator, isEnd: ([Int32]) -> Bool
    ) throws -> [RolloutAnswer] {
        let bytes = try communicator.agree {
            try communicator.rank == 0 && DirectoryEntries.isThere(path)
                ? FileReader.bytes(of: path, what: "cannot read the answers") : []
        }
        return try parsed(
            try communicator.broadcast(bytes, from: 0), names, communicator, isEnd)
    }

    private func parsed(
        _ bytes: [UInt8], _ names: [String], _ communicator: any Communicator,
        _ isEnd: ([Int32]) -> Bool
    ) throws -> [RolloutAnswer] {
        try communicator.agree {
            try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
                .enumerated().filter { !$0.element.isEmpty }.map { index, line in
                    let place = "\(path), line \(index + 1)"
                    return try RolloutAnswer(
                        try JSONValue(parsing: Array(line), at: place), names: names, at: place,
                        isEnd: isEnd)
                }
        }
    }
}
