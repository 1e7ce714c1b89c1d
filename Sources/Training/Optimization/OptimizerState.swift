import Collectives
import ModelFiles
import Tensors

/// The state that an optimizer keeps of the trained parameters beside their values: lists with one
/// number for each element, which a checkpoint holds as tensors that bear the names of the
/// parameters.
///
/// Each rank keeps the elements that it owns: all of them, or its slices of some buckets.
package struct OptimizerState {
    /// The places of the parameters in the flat vector.
    package let layout: ParameterLayout
    /// The ends of the names of the tensors of each list, after the name of the parameter.
    package let suffixes: [String]
    package let device: Device
    /// The buckets whose slices the ranks own; nil where each rank owns all elements.
    package let buckets: GradientBuckets?
    /// The slices that this rank owns: one of each bucket, which may be empty, or all trained
    /// elements.
    let slices: [Slice]
    /// The lists, one for each suffix: the numbers of the owned slices, one slice after the other;
    /// 0 at first.
    package let lists: [Tensor<Float>]

    /// A range of the flat vector.
    struct Slice {
        let range: Range<Int>
        /// The position of its first element in the lists.
        let start: Int

        /// The positions of its elements in the lists.
        var positions: Range<Int> { start..<start + range.count }

        /// The position in the lists of an element of the flat vector.
        func position(of element: Int) -> Int { start + element - range.lowerBound }
    }

    /// - Parameters:
    ///   - buckets: shares the elements out among the ranks; nil keeps all of them here.
    ///   - rank: the rank whose slices are kept here.
    package init(
        _ suffixes: [String], of layout: ParameterLayout, on device: Device,
        buckets: GradientBuckets? = nil, rank: Int = 0
    ) {
        self.layout = layout
        self.suffixes = suffixes
        self.device = device
        self.buckets = buckets
        var count = 0
        slices = (buckets?.map { $0.slice(of: rank) } ?? [0..<layout.trainedCount]).map { range in
            defer { count += range.count }
            return Slice(range: range, start: count)
        }
        lists = suffixes.map { _ in device.zeros([count]) }
    }

    /// Whether the ranks own different elements.
    package var isSharded: Bool { buckets != nil }
}

extension OptimizerState {
    /// The names and shapes of all tensors, in the order of a checkpoint: list by list, and in each
    /// list parameter by parameter.
    package var shapes: [(name: String, shape: [Int])] {
        suffixes.flatMap { suffix in layout.trained.map { ($0.name + suffix, $0.shape) } }
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
        let parameters = layout.trained
        return lists.enumerated().flatMap { order, list in
            parameters.enumerated().flatMap { number, parameter in
                slices.compactMap { slice -> Piece? in
                    let range = parameter.range.clamped(to: slice.range)
                    guard !range.isEmpty else { return nil }
                    let (first, start) = (
                        parameter.range.lowerBound, slice.position(of: range.lowerBound)
                    )
                    return Piece(
                        index: order * parameters.count + number,
                        elements: range.lowerBound - first..<range.upperBound - first,
                        values: GradientBuffer(
                            rebasing: list.buffer[start..<start + range.count]))
                }
            }
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
