import CHwloc

/// The processors of a node: which of them are hardware threads of one core, and which are near the
/// same memory.
package struct ProcessorMap: Equatable, Sendable {
    package struct Processor: Equatable, Sendable {
        package var number: Int
        /// Equal for the hardware threads of one core.
        package var core: Int
        /// The NUMA domain whose memory is the nearest.
        package var domain: Int
        /// Whether the control group of this process grants it.
        package var isAllowed: Bool

        package init(number: Int, core: Int, domain: Int, isAllowed: Bool = true) {
            (self.number, self.core, self.domain) = (number, core, domain)
            self.isAllowed = isAllowed
        }
    }

    /// A core, as far as it may be used.
    package struct Core: Equatable, Sendable {
        package let domain: Int
        /// Its hardware threads.
        package let processors: [Int]
    }

    /// In an order in which neighbours share most: a core, a cache, a domain.
    package let processors: [Processor]

    package init(_ processors: [Processor]) {
        self.processors = processors
    }

    /// The map of this machine, by hwloc; where that cannot tell, each processor counts as a core.
    package static let ofMachine: ProcessorMap = {
        let count = chwloc_processors(nil, 0)
        guard count > 0 else {
            return ProcessorMap(
                (0..<ProcessorSet.onlineCount).map { Processor(number: $0, core: $0, domain: 0) })
        }
        var found = [CHwlocProcessor](repeating: CHwlocProcessor(), count: count)
        let written = chwloc_processors(&found, count)
        return ProcessorMap(
            found.prefix(max(0, written)).map {
                Processor(
                    number: Int($0.number), core: Int($0.core), domain: Int($0.domain),
                    isAllowed: $0.is_allowed != 0)
            })
    }()

    package var coreCount: Int { Set(processors.map(\.core)).count }
    package var domainCount: Int { Set(processors.map(\.domain)).count }

    /// The processors that the control group of this process grants.
    package var allowed: ProcessorSet {
        ProcessorSet(processors.filter(\.isAllowed).map(\.number))
    }

    /// The cores of a set, those of one domain together. A processor that the map does not know counts as
    /// a core.
    package func cores(of set: ProcessorSet) -> [Core] {
        let known = Set(processors.map(\.number))
        let strangers = set.numbers.filter { !known.contains($0) }
            .map { Core(domain: -1, processors: [$0]) }
        let used = Dictionary(grouping: processors.filter { set.contains($0.number) }, by: \.core)
        var seen: Set<Int> = []
        let cores = processors.compactMap { processor -> Core? in
            guard let threads = used[processor.core], seen.insert(processor.core).inserted
            else { return nil }
            return Core(domain: processor.domain, processors: threads.map(\.number))
        }
        let domains = cores.map(\.domain).reduce(into: [Int]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        return domains.flatMap { domain in cores.filter { $0.domain == domain } } + strangers
    }
}
