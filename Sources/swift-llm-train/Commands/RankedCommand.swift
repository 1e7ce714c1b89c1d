import ArgumentParser
import Collectives

/// A command that all ranks carry out together.
protocol RankedCommand: ParsableCommand {
    /// - Returns: the exit code.
    func run(on communicator: any Communicator) throws -> Int32
    /// Whether the command goes on when standard output or standard error can no longer be written.
    var outlivesItsOutput: Bool { get }
}

extension RankedCommand {
    var outlivesItsOutput: Bool { false }

    /// The entry that ArgumentParser would call; the program itself goes through
    /// `SwiftLLMTrain.run`.
    mutating func run() throws {
        let code = try run(on: SingleProcess())
        if code != 0 { throw ExitCode(code) }
    }
}

/// A command in which only the first rank has something to do.
protocol FirstRankCommand: RankedCommand {
    func run() throws
}

extension FirstRankCommand {
    func run(on communicator: any Communicator) throws -> Int32 {
        try communicator.agree { if communicator.rank == 0 { try run() } }
        return 0
    }
}
