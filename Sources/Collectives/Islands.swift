/// The ranks of a run as islands, which train apart between outer steps: the sub-worlds in which their
/// ranks talk.
///
/// What all ranks must know (a stop, a save, an error) goes over `world`, as it does without islands.
package final class Islands {
    package let map: IslandMap
    /// The number of this rank's island, from 0.
    package let number: Int
    package let world: any Communicator
    /// The ranks of this island.
    package let own: any Communicator
    /// The ranks that have this rank's number in their islands, one of each.
    package let crew: any Communicator
    /// The rank in the crew of each island's member, by the number of the island.
    package let crewRanks: [Int]

    /// Splits the world into islands. Collective.
    ///
    /// - Returns: nil for one island, which is the world itself.
    /// - Throws: `AgreedFailure` where so many islands cannot be made of these ranks.
    package static func split(_ world: any Communicator, count: Int) throws -> Islands? {
        guard count != 1 else { return nil }
        let map = try world.agree { try IslandMap(count: count, hosts: world.hosts) }
        return try Islands(map, of: world)
    }

    private init(_ map: IslandMap, of world: any Communicator) throws {
        self.map = map
        self.world = world
        number = map.island(of: world.rank)
        own = try world.split(color: number)
        crew = try world.split(color: own.rank)
        let numbers = try crew.allGather([Int64(number)]).map(Int.init)
        crewRanks = (0..<map.count).map { island in numbers.firstIndex(of: island) ?? 0 }
    }

    /// One island that is the whole world.
    package convenience init(alone world: any Communicator) throws {
        try self.init(IslandMap(count: 1, hosts: world.hosts), of: world)
    }

    package var count: Int { map.count }

    /// The lanes of this island, of those of the run; as the ranks of a world share out theirs.
    package func lanes(of laneCount: Int) -> Range<Int> {
        number * laneCount / count..<(number + 1) * laneCount / count
    }

    /// The islands of which ranks are on this rank's host.
    package var onThisHost: Range<Int> {
        let here = world.hosts.neighbours(of: world.rank).map(map.island(of:))
        return (here.min() ?? number)..<(here.max() ?? number) + 1
    }

    /// The members of the crew on other islands, this rank's right neighbour first.
    package var peers: [Int] {
        (1..<crew.worldSize).map { (crew.rank + $0) % crew.worldSize }
    }

    /// Gives the first rank of every island the values of the first island's. Collective over those ranks;
    /// the others pass.
    package func spreadToFirstRanks(_ values: GradientBuffer) throws {
        guard own.rank == 0 else { return }
        try crew.broadcast(UnsafeMutableRawBufferPointer(values), from: crewRanks[0])
    }

    /// Runs collective work of this island alone.
    ///
    /// - Throws: what the work threw; where the ranks of the island agree on it, which the others do not
    ///   know, its first rank throws, and so ends the job, while the rest wait for that end.
    package func alone<Value>(_ work: () throws -> Value) throws -> Value {
        do {
            return try work()
        } catch let error as AgreedFailure {
            if own.rank != 0 { try own.barrier() }
            throw error.failure
        }
    }

    /// Runs collective work of each island on all of them, and agrees over the world on how it ended.
    package func together<Value>(_ work: () throws -> Value) throws -> Value {
        let outcome: Result<Value, any Error>
        do {
            outcome = .success(try work())
        } catch let error as AgreedFailure {
            outcome = .failure(error.failure)
        }
        return try world.agree { try outcome.get() }
    }
}

extension Islands: CustomStringConvertible {
    /// The islands in words, as in "2 islands of 4 ranks".
    package var description: String {
        "\(count) islands of \(own.worldSize) \(own.worldSize == 1 ? "rank" : "ranks")"
    }
}
