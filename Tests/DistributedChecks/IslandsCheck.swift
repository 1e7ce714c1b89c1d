import Collectives
import Diagnostics
import TinyTrainings
import Training

extension Checks {
    /// Goes through all mocked runs of two islands, in floats and in 8 bits.
    func islands() throws -> Int32 {
        guard let islands = try Islands.split(communicator, count: 2) else {
            throw Failure("there is one island")
        }
        let mocked = try MockedIslands()
        try require(mocked.cases.count == 12, "12 cases, got \(mocked.cases.count)")
        for one in mocked.cases {
            let exact = try MockedIslands.largestError(of: one, .fp32, islands: islands)
            // Halves and quarters are exact; 0.7 and 0.9 are not.
            try require(
                exact <= (one.options.momentum == 0 ? 0 : 1e-5), "\(one.name): off by \(exact)")
            let short = try MockedIslands.largestError(of: one, .int8, islands: islands)
            // All elements of a block are alike: the largest code stands for them.
            try require(short <= 1e-4, "\(one.name), 8 bits: off by \(short)")
        }
        printOnce("islands of \(islands.own.worldSize)")
        return 0
    }

    /// Each rank says who it is on its island and in its crew.
    func islandPlaces() throws -> Int32 {
        let count = arguments.dropFirst().first.flatMap { Int($0) } ?? 2
        guard let islands = try Islands.split(communicator, count: count) else {
            throw Failure("there is one island")
        }
        let own = [islands.number, islands.own.rank, islands.crew.rank].map(Int64.init)
        let all = try communicator.allGather(own)
        printOnce("\(islands): \(all)")
        return 0
    }

    /// The ranks of the last island fail together, which the others do not know.
    func islandFails() throws -> Int32 {
        guard let islands = try Islands.split(communicator, count: 2) else {
            throw Failure("there is one island")
        }
        try islands.alone {
            try islands.own.agree {
                guard islands.number == 0 else { throw Failure("it diverged", at: "step 3") }
            }
        }
        try communicator.barrier()
        return 0
    }

    /// The same at a place where all islands meet.
    func islandsAgree() throws -> Int32 {
        guard let islands = try Islands.split(communicator, count: 2) else {
            throw Failure("there is one island")
        }
        try islands.together {
            try islands.own.agree {
                guard islands.number == 0 else { throw Failure("no memory", at: "a node") }
            }
        }
        return 0
    }
}
