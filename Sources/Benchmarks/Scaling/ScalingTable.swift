import Diagnostics
import Models
import Runs

/// Tokens a second of usual models on clusters of nodes of 64 cores, predicted from the speed of the
/// cores at hand.
package struct ScalingTable: Sendable {
    /// One model on so many nodes over one kind of link.
    package struct Row: Equatable, Sendable {
        package let model: String
        package let nodeCount: Int
        package let gigabits: Double
        package let tokensPerStep: Int
        package let prediction: StepPrediction

        package var tokensPerSecond: Double { Double(tokensPerStep) / prediction.total }
    }

    package let rows: [Row]

    package static let coresPerNode = 64
    package static let ranksPerNode = 8
    package static let nodeCounts = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    package static let gigabits = [10.0, 25, 100]
    /// Bytes a second that the memory of such a node moves at most: twelve channels of DDR5-4800, of which
    /// two thirds can be had.
    package static let largestMemoryRate = 300e9
    /// Seconds of a message where it was not measured: TCP within a machine room.
    package static let usualLatency = 30e-6
    /// The share of a link that a TCP connection reaches.
    package static let linkShare = 0.94
    /// The share of the time of messages that passes hide, where it was not measured: the least.
    package static let usualOverlap = 0.0

    private static let sequenceLength = 1024

    /// The models, and the tokens of their usual batches.
    private static let models: [(name: String, tokens: Int, options: ModelOptions)] = {
        var small = ModelOptions()
        small.preset = ModelPreset(rawValue: "gpt2-124m")
        var large = ModelOptions()
        large.preset = ModelPreset(rawValue: "gpt2-1558m")
        var llama = ModelOptions()
        llama.architecture = .llama
        (llama.layerCount, llama.headCount, llama.embeddingSize) = (32, 32, 4096)
        (llama.mlpSize, llama.contextLength, llama.vocabularySize) = (11_008, 4096, 32_000)
        return [
            ("124M", 1 << 19, small), ("1.5B", 1 << 20, large), ("7B", 1 << 22, llama),
        ].map { name, tokens, options in
            var options = options
            options.fillFromPreset()
            options.vocabularySize = options.vocabularySize ?? 50_304
            return (name, tokens, options)
        }
    }()

    /// - Parameters:
    ///   - figures: of a node, or several, with so many cores that compute.
    ///   - coreCount: of one node.
    package init(_ figures: ClusterFigures, coreCount: Int) throws {
        let scale = Double(Self.coresPerNode) / Double(coreCount)
        var cluster = figures
        cluster.ranksPerNode = Self.ranksPerNode
        cluster.productRate *= scale
        cluster.memoryRate = min(cluster.memoryRate * scale, Self.largestMemoryRate)
        rows = try Self.models.flatMap { model in
            let cost = try Self.cost(of: model.options)
            return Self.gigabits.flatMap { gigabits in
                Self.nodeCounts.map { nodeCount in
                    cluster.nodeCount = nodeCount
                    cluster.linkRate = gigabits * 1e9 / 8 * Self.linkShare
                    return Self.row(model.name, cost, model.tokens, gigabits, cluster)
                }
            }
        }
    }

    private static func cost(of options: ModelOptions) throws -> ModelCost {
        let configuration = try options.configuration(tokenizerVocabularySize: 1)
        let count = configuration.tensorShapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
        return ModelCost(configuration, parameterCount: count)
    }

    private static func row(
        _ name: String, _ cost: ModelCost, _ tokens: Int, _ gigabits: Double,
        _ cluster: ClusterFigures
    ) -> Row {
        // Every rank has a sequence at least.
        let tokens = max(tokens, cluster.rankCount * sequenceLength)
        let work = StepWork(
            parameterCount: cost.parameterCount,
            flopsPerToken: cost.trainingFLOPs(sequenceLength: sequenceLength), tokenCount: tokens,
            lastPassTokenCount: sequenceLength, isSharded: true,
            edgeShare: cost.tokenTableShare)
        return Row(
            model: name, nodeCount: cluster.nodeCount, gigabits: gigabits, tokensPerStep: tokens,
            prediction: StepPrediction(work, on: cluster))
    }

    /// A table for each model: tokens a second by nodes and links, and the share of perfect scaling.
    package var lines: [String] {
        Self.models.flatMap { model -> [String] in
            var table = TextTable()
            table.add(["nodes"] + Self.gigabits.map { "\(Quantity.whole($0)) Gbit/s" })
            for nodeCount in Self.nodeCounts {
                table.add(
                    ["\(nodeCount)"]
                        + Self.gigabits.map { cell(model.name, nodeCount, gigabits: $0) })
            }
            let tokens = Quantity.whole(Double(model.tokens))
            return ["", "\(model.name), at least \(tokens) tokens a step"] + table.lines
        }
    }

    private func cell(_ model: String, _ nodeCount: Int, gigabits: Double) -> String {
        func row(_ nodeCount: Int) -> Row? {
            rows.first {
                $0.model == model && $0.nodeCount == nodeCount && $0.gigabits == gigabits
            }
        }
        guard let own = row(nodeCount), let alone = row(1) else { return "" }
        let share = own.tokensPerSecond / (alone.tokensPerSecond * Double(nodeCount))
        return "\(Quantity.whole(own.tokensPerSecond)) (\((100 * share).formattedTo(0)) %)"
    }
}
