import CKernels
import Collectives
import Models
import Options
import Tensors

/// The optimizer of a training: keeps a state of the weights, and updates them from their gradients by
/// the rule of `optimizer.kind`: `AdamW`, `Muon` or `ScheduleFree`.
package final class Optimizer {
    package let parameters: ParameterList
    /// What the rule keeps of the elements that this rank updates.
    package let state: OptimizerState
    /// The way of the updated slices to other ranks; nil where each rank updates all.
    let gather: SliceGather?
    /// What comes by it; nil without it.
    let received: ReceivedParities?
    /// t: updates made so far.
    package internal(set) var updateCount = 0
    /// What Schedule-Free AdamW counts.
    package internal(set) var averageWeights = AverageWeights()
    /// Whether the state has been made from the weights, or read.
    var hasBegun = false
    let options: OptimizerOptions
    /// What orthogonalises matrices; nil without Muon.
    let matrices: MatrixUpdate?
    /// The groups of weights of the model that are updated alike.
    private let groups: [UpdateGroup]
    /// Of each parameter the number of its group.
    private let groupNumbers: [Int]
    /// The slices that this rank updates; with buckets, its slice of each, which may be empty.
    private let slices: [Slice]
    /// The rule of each group in the update under way.
    private var rules: [any UpdateRule] = []
    /// What the last update wrote, and whether it is still there.
    package let parities: SliceParities

    /// A slice of the flat vector, and the numbers of its pieces in `parities`.
    private struct Slice {
        let range: Range<Int>
        let pieces: Range<Int>
    }

    /// - Parameters:
    ///   - hidden: the linear layers of blocks, which Muon needs.
    ///   - buckets: shares the state and the update out among the ranks; nil keeps all here.
    ///   - rank: whose slices are kept here.
    package convenience init(
        _ options: OptimizerOptions, parameters: ParameterList, hidden: [LinearModule] = [],
        buckets: GradientBuckets? = nil, rank: Int = 0
    ) {
        self.init(
            options, parameters: parameters, hidden: hidden, buckets: buckets,
            place: (rank, buckets?.worldSize ?? 1), gather: nil, received: nil)
    }

    /// - Parameters:
    ///   - place: this rank, and the number of all.
    ///   - gather: the way of the updated slices to other ranks.
    ///   - received: what comes by it.
    init(
        _ options: OptimizerOptions, parameters: ParameterList, hidden: [LinearModule],
        buckets: GradientBuckets?, place: (rank: Int, worldSize: Int), gather: SliceGather?,
        received: ReceivedParities?
    ) {
        self.options = options
        self.parameters = parameters
        self.gather = gather
        self.received = received
        let layout = parameters.layout
        let matrices =
            options.kind == .muon ? HiddenMatrix.all(in: layout, of: hidden) : []
        precondition(
            options.kind != .muon || !matrices.isEmpty, "expected matrices for Muon, got none")
        state = OptimizerState(
            options.stateLists(of: layout, matrices), of: layout, on: parameters.device,
            buckets: buckets, rank: place.rank)
        (groups, groupNumbers) = UpdateGroup.all(of: layout, options, matrices)
        var pieces: [SliceParities.Piece] = []
        slices = state.slices.map { [state] range in
            let own = layout.pieces(of: range).map { piece in
                SliceParities.Piece(place: piece, numbers: state.numbers(of: piece, layout))
            }
            defer { pieces += own }
            return Slice(range: range, pieces: pieces.count..<pieces.count + own.count)
        }
        parities = SliceParities(pieces)
        self.matrices =
            matrices.isEmpty
            ? nil
            : MatrixUpdate(
                matrices, MatrixDeal(matrices, buckets: buckets, worldSize: place.worldSize),
                rank: place.rank, pieces: pieces, decay: options.momentum)
    }

    /// Updates every trained parameter in this rank's slices, each element by itself.
    ///
    /// - Parameters:
    ///   - gradients: in the layout of the parameter list.
    ///   - gradientScale: what clipping multiplies them with.
    /// - Precondition: no matrix is to be orthogonalised, for which ranks may need each other.
    package func update(_ gradients: Tensor<Float>, learningRate: Double, gradientScale: Double) {
        precondition(matrices == nil, "expected an update over a communicator with Muon")
        beginUpdate(learningRate: learningRate, gradientScale: gradientScale)
        for index in slices.indices { updateSlice(index, with: gradients) }
        finishUpdate()
    }

    /// Begins an update, of which each slice follows by itself, in any order.
    func beginUpdate(learningRate: Double, gradientScale: Double) {
        begin()
        updateCount += 1
        let share =
            options.kind == .scheduleFree ? averageWeights.add(learningRate: learningRate) : 0
        rules = groups.map { group in
            let settings = UpdateSettings(
                learningRate: learningRate * group.factor, gradientScale: gradientScale,
                weightDecay: group.decays ? options.weightDecay : 0, count: updateCount)
            switch options.kind {
            case .muon where group.matrixScale != nil:
                return Muon(settings, scale: group.matrixScale ?? 1, matrices)
            case .adamw, .muon: return AdamW(options, settings)
            case .scheduleFree: return ScheduleFree(options, settings, share: share)
            }
        }
    }

    /// To be called once all slices are updated.
    func finishUpdate() { parities.finishUpdate() }

    var sliceCount: Int { slices.count }

    /// Updates slice `index` of this rank.
    ///
    /// - Parameter gradients: in the layout of the parameter list; those of the slice are read.
    func updateSlice(_ index: Int, with gradients: Tensor<Float>) {
        precondition(
            gradients.count == parameters.layout.trainedCount,
            "expected \(parameters.layout.trainedCount) gradients, got \(gradients.count)")
        let pieces = slices[index].pieces
        let (values, rounded, lists) = (parameters.values, parameters.bfloat16, state.lists)
        parameters.device.forEach(pieces.count, as: .optimizer) { index in
            let number = pieces.lowerBound + index
            let piece = parities.pieces[number]
            let start = piece.place.range.lowerBound
            let rule = rules[groupNumbers[piece.place.parameter]]
            parities.places(of: number) { found, written in
                rule.update(
                    UpdatedPiece(
                        number: number, weights: values.pointer + start,
                        gradients: gradients.pointer + start,
                        lists: piece.numbers.map { lists[$0.list].pointer + $0.position },
                        count: piece.place.range.count,
                        rounded: rounded.map { $0.pointer.kernel + start }, found: found,
                        written: written))
            }
        }
    }
}

/// Weights that share settings.
private struct UpdateGroup: Hashable {
    /// What multiplies the learning rate.
    let factor: Double
    let decays: Bool
    /// Of matrices that are orthogonalised: the factor of their updates; nil for other weights.
    let matrixScale: Double?

    /// The groups, and of each parameter the number of its own.
    static func all(
        of layout: ParameterLayout, _ options: OptimizerOptions, _ matrices: [HiddenMatrix]
    ) -> ([UpdateGroup], [Int]) {
        // A factor that cannot be read was refused with the recipe.
        let factors = options.learningRateFactors.compactMap { try? LearningRateFactor($0) }
        let scales = Dictionary(uniqueKeysWithValues: matrices.map { ($0.parameter, $0.scale) })
        let ofMatrices = options.matrixLearningRate / options.learningRate
        var groups: [UpdateGroup] = []
        let numbers = layout.parameters.map { parameter in
            let scale = scales[parameter.index]
            let group = UpdateGroup(
                factor: LearningRateFactor.factor(of: parameter.name, in: factors)
                    * (scale == nil ? 1 : ofMatrices),
                decays: parameter.shape.count >= 2, matrixScale: scale)
            if let number = groups.firstIndex(of: group) { return number }
            groups.append(group)
            return groups.count - 1
        }
        return (groups, numbers)
    }
}

extension OptimizerOptions {
    /// What the rule keeps of the parameters.
    func stateLists(of layout: ParameterLayout, _ matrices: [HiddenMatrix]) -> [StateList] {
        switch kind {
        case .adamw: return AdamW.stateSuffixes.map { StateList($0) }
        case .muon:
            let own = Set(matrices.map(\.parameter))
            let rest = Set(layout.trained.map(\.index)).subtracting(own)
            return [StateList(Muon.stateSuffix, of: own)]
                + AdamW.stateSuffixes.map { StateList($0, of: rest) }
        case .scheduleFree: return ScheduleFree.lists
        }
    }
}

extension OptimizerState {
    /// The lists that have numbers of a piece, and the positions of their first ones.
    fileprivate func numbers(
        of piece: ParameterPiece, _ layout: ParameterLayout
    ) -> [(list: Int, position: Int)] {
        kinds.indices.filter { kinds[$0].holds(layout.parameters[piece.parameter]) }.map {
            ($0, places[$0].position(of: piece.range.lowerBound))
        }
    }
}
