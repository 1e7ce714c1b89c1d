import Collectives
import Foundation
import JSON
import Tensors
import Training

/// The weights of two islands step by step, as Tests/Fixtures/make_island_fixtures.py has computed them.
package struct MockedIslands {
    package struct Case {
        package let name: String
        package let gradients: [Double]
        package let options: OuterOptions
        /// After each step: the weight of each fragment that the islands have in common.
        package let common: [[Double]]
        /// After each step: the weight of each fragment on each island.
        package let own: [[[Double]]]
    }

    package let cases: [Case]

    package init() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/islands/outer.json")
        let json = try JSONValue(parsing: Array(Data(contentsOf: path)), at: path.path)
        cases = (json["cases"]?.array ?? []).map(Self.read)
    }

    private static func read(_ json: JSONValue) -> Case {
        func number(_ key: String) -> Double { json[key]?.double ?? .nan }
        func list(_ json: JSONValue?) -> [Double] { json?.array?.compactMap(\.double) ?? [] }
        var options = OuterOptions()
        options.everySteps = Int(number("every_steps"))
        options.learningRate = number("learning_rate")
        options.momentum = number("momentum")
        options.delaySteps = Int(number("delay_steps"))
        options.mixing = number("mixing")
        options.fragmentCount = 2
        return Case(
            name: "rate \(options.learningRate), delay \(options.delaySteps), "
                + "mixing \(options.mixing)",
            gradients: list(json["gradients"]), options: options,
            common: json["common"]?.array?.map(list) ?? [],
            own: json["own"]?.array?.map { ($0.array ?? []).map(list) } ?? [])
    }

    /// Weights of two fragments, so many that several ranks own parts of each.
    private static let fragmentSize = 256 * 1172

    /// Goes through a case on this rank, and returns the largest difference from what it should be,
    /// relative to the larger of the value and 1. Collective.
    package static func largestError(
        of one: Case, _ format: OuterOptions.Format, islands: Islands
    ) throws -> Double {
        let device = Device(threadCount: 1)
        let layout = ParameterLayout(["first", "second"].map { ($0, [fragmentSize]) })
        let list = ParameterList(layout, device: device)
        let change = device.zeros([layout.flatCount])
        device.fill(list.values, with: 1)
        device.fill(change, with: Float(-one.gradients[islands.number]))
        var options = one.options
        options.format = format
        let outer = try OuterOptimizer(
            options, parameters: list, sharesWeights: false, stepCount: .max, islands: islands)
        var error = 0.0
        for step in 1...one.common.count {
            device.add(list.values, change, into: list.values)
            _ = try outer.advance(to: step)
            // A fragment that is under way is not part of the common weights yet.
            for (fragment, wanted) in one.common[step - 1].enumerated() {
                let own = one.own[step - 1][islands.number][fragment]
                let first = fragment * fragmentSize
                for place in [first, first + 65_535, first + 65_536, first + fragmentSize - 1] {
                    error = max(error, difference(outer.commonValues[place], wanted))
                    error = max(error, difference(list.values.buffer[place], own))
                }
            }
        }
        try outer.settle()
        return error
    }

    private static func difference(_ value: Float, _ wanted: Double) -> Double {
        value.isNaN ? .infinity : abs(Double(value) - wanted) / max(1, abs(wanted))
    }
}
