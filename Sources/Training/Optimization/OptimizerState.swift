import Collectives
import ModelFiles
import Tensors

/// The state that an optimizer keeps of the trained parameters beside their values: lists with one
/// number for each element of all of them or of some, which a checkpoint holds as tensors that bear the
/// names of the parameters.
///
/// Each rank keeps the elements that it owns: all of them, or its slices of some buckets.
package struct OptimizerState {
    /// The places of the parameters in the flat vector.
    package let layout: ParameterLayout
    /// What the lists are, in their order.
    package let kinds: [StateList]
    package let device: Device
    /// The buckets whose slices the ranks own; nil where each rank owns all elements.
    package let buckets: GradientBuckets?
    /// The slices of the flat vector that this rank owns: one of each bucket, which may be empty, or all
    /// trained elements.
    let slices: [Range<Int>]
    /// Where the numbers of the owned elements stand in each list.
    let places: [StatePlaces]
    /// The lists, one for each kind: the numbers of the owned elements in ascending order; 0 at first.
    package let lists: [Tensor<Float>]

    /// - Parameters:
    ///   - buckets: shares the elements out among the ranks; nil keeps all of them here.
    ///   - rank: the rank whose slices are kept here.
    package init(
        _ kinds: [StateList], of layout: ParameterLayout, on device: Device,
        buckets: GradientBuckets? = nil, rank: Int = 0
    ) {
        self.layout = layout
        self.kinds = kinds
        self.device = device
        self.buckets = buckets
        let slices = buckets?.map { $0.slice(of: rank) } ?? [0..<layout.trainedCount]
        self.slices = slices
        places = kinds.map { kind in
            StatePlaces(slices.flatMap { kind.elements(of: layout, in: $0) })
        }
        lists = places.map { device.zeros([$0.count]) }
    }

    /// Whether the ranks own different elements.
    package var isSharded: Bool { buckets != nil }

    /// The numbers of those of `elements` that are kept here, of each list that a checkpoint holds.
    func stored(of elements: Range<Int>) -> [GradientBuffer] {
        stored.map { list in
            GradientBuffer(
                rebasing: lists[list].buffer[places[list].positions(of: elements)])
        }
    }

    /// The lists that a checkpoint holds.
    private var stored: [Int] { kinds.indices.filter { kinds[$0].isStored } }
}

extension OptimizerState {
    /// The names and shapes of all tensors, in the order of a checkpoint: list by list, and in each
    /// list parameter by parameter.
    package var shapes: [(name: String, shape: [Int])] {
        stored.flatMap { list in
            parameters(of: list).map { ($0.name + kinds[list].suffix, $0.shape) }
        }
    }

    /// The parameter of each of the tensors of `shapes`.
    var parametersOfShapes: [Parameter] { stored.flatMap(parameters) }

    private func parameters(of list: Int) -> [Parameter] {
        layout.trained.filter(kinds[list].holds)
    }

    /// Elements of one tensor that this rank owns.
    struct Piece {
        /// The position of the tensor in `shapes`.
        let index: Int
        let elements: Range<Int>
        let values: GradientBuffer
    }

    /// The pieces of tensors that this rank owns, in the order of a checkpoint.
    var pieces: [Piece] {
        var index = 0
        return stored.flatMap { list in
            parameters(of: list).flatMap { parameter in
                defer { index += 1 }
                return pieces(of: parameter, in: list, index: index)
            }
        }
    }

    private func pieces(of parameter: Parameter, in list: Int, index: Int) -> [Piece] {
        slices.compactMap { slice -> Piece? in
            let range = parameter.range.clamped(to: slice)
            guard !range.isEmpty else { return nil }
            let first = parameter.range.lowerBound
            return Piece(
                index: index, elements: range.lowerBound - first..<range.upperBound - first,
                values: GradientBuffer(
                    rebasing: lists[list].buffer[places[list].positions(of: range)]))
        }
    }

    /// The tensors of a state that is not sharded, to be read or filled.
    var tensors: [(name: String, shape: [Int], values: GradientBuffer)] {
        precondition(!isSharded, "expected a state whose elements are all here")
        return zip(shapes, pieces).map { ($0.name, $0.shape, $1.values) }
    }

    /// The tensors of a state that is not sharded, under their names in a checkpoint.
    var named: [NamedTensor] {
        tensors.map {
            NamedTensor(name: $0.name, shape: $0.shape, values: UnsafeBufferPointer($0.values))
        }
    }
}
