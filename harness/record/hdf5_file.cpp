#include "harness/record/hdf5_file.h"

#include <hdf5.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"
#include "model/base/output_file.h"

namespace plelab {
namespace {

constexpr double kMaxTableBytes = 64e9, kMaxAttributeBytes = 1e9;  // a wrong header must not allocate more
constexpr hsize_t kCompressFromBytes = 256 << 10, kChunkBytes = 1 << 20;
constexpr unsigned kDeflateLevel = 4;
constexpr char kUnits[] = "units";

// HDF5's latest complaint, from the bottom of its error stack: the reason instead of the call chain.
std::string LibraryError() {
  std::string text = "no reason given";
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_DOWNWARD,
      [](unsigned, const H5E_error2_t* error, void* out) {
        if (error->desc != nullptr && *error->desc != '\0') *static_cast<std::string*>(out) = error->desc;
        return herr_t{0};
      },
      &text);
  return text;
}

// An HDF5 identifier and the function that closes it.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t), std::string_view what) : id_(id), close_(close) {
    if (id < 0) throw RunError("HDF5 cannot {}: {}", what, LibraryError());
  }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  operator hid_t() const { return id_; }  // NOLINT: passed to C functions

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

void Check(herr_t status, std::string_view what) {
  if (status < 0) throw RunError("HDF5 cannot {}: {}", what, LibraryError());
}

void SilenceLibrary() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

// size is in bytes, or H5T_VARIABLE.
Handle StringType(size_t size) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "make a string type");
  Check(H5Tset_size(type, size), "size a string type");
  if (size != H5T_VARIABLE) Check(H5Tset_strpad(type, H5T_STR_NULLPAD), "pad a string type");
  Check(H5Tset_cset(type, H5T_CSET_UTF8), "set a string type's character set");
  return type;
}

Handle MemberType(const RowLayout::Member& member) {
  switch (member.type) {
    case ColumnType::kInt64:
      return Handle(H5Tcopy(H5T_NATIVE_INT64), H5Tclose, "copy a type");
    case ColumnType::kFloat64:
      return Handle(H5Tcopy(H5T_NATIVE_DOUBLE), H5Tclose, "copy a type");
    case ColumnType::kString:
      break;
  }
  return StringType(member.size);
}

Handle CompoundType(const RowLayout& layout) {
  Handle compound(H5Tcreate(H5T_COMPOUND, layout.row_bytes), H5Tclose, "make a compound type");
  for (const RowLayout::Member& member : layout.members) {
    Check(H5Tinsert(compound, member.name.c_str(), member.offset, MemberType(member)), "insert a column");
  }
  return compound;
}

Handle DatasetProperties(hsize_t rows, hsize_t row_bytes) {
  Handle properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "make dataset properties");
  if (rows * row_bytes >= kCompressFromBytes && H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0) {
    const hsize_t chunk = std::clamp<hsize_t>(kChunkBytes / row_bytes, 1, rows);
    Check(H5Pset_chunk(properties, 1, &chunk), "chunk a table");
    Check(H5Pset_shuffle(properties), "shuffle a table");
    Check(H5Pset_deflate(properties, kDeflateLevel), "compress a table");
  }
  return properties;
}

Handle MakeParents() {
  Handle properties(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "make link properties");
  Check(H5Pset_create_intermediate_group(properties, 1), "make groups on the way");
  return properties;
}

// Keeps attributes in creation order.  More than 8 of them (or one over 64 KB) go to dense storage, which has
// no size limit.
void KeepAttributeOrder(hid_t properties) {
  Check(H5Pset_attr_creation_order(properties, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED),
        "order attributes");
}

bool PathExists(hid_t file, const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string prefix = path.substr(0, end);
    if (prefix != "/" && H5Lexists(file, prefix.c_str(), H5P_DEFAULT) <= 0) return false;
    if (end == std::string::npos) return true;
  }
}

Handle OpenOrMakeObject(hid_t file, const std::string& path) {
  if (!PathExists(file, path)) {
    Handle properties(H5Pcreate(H5P_GROUP_CREATE), H5Pclose, "make group properties");
    KeepAttributeOrder(properties);
    return Handle(H5Gcreate2(file, path.c_str(), MakeParents(), properties, H5P_DEFAULT), H5Gclose,
                  "make " + path);
  }
  return Handle(H5Oopen(file, path.c_str(), H5P_DEFAULT), H5Oclose, "open " + path);
}

Handle ReplaceAttribute(hid_t object, const std::string& name, hid_t type) {
  if (H5Aexists(object, name.c_str()) > 0)
    Check(H5Adelete(object, name.c_str()), "replace attribute " + name);
  Handle scalar(H5Screate(H5S_SCALAR), H5Sclose, "make a scalar");
  return Handle(H5Acreate2(object, name.c_str(), type, scalar, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                "make attribute " + name);
}

std::string ReadStringAttribute(hid_t attribute, hid_t type) {
  if (H5Tis_variable_str(type) > 0) {
    char* text = nullptr;
    Check(H5Aread(attribute, StringType(H5T_VARIABLE), &text), "read an attribute");
    std::string value = text == nullptr ? "" : text;
    H5free_memory(text);
    return value;
  }
  const size_t size = H5Tget_size(type);
  if (static_cast<double>(size) > kMaxAttributeBytes) throw RunError("an attribute claims {} bytes", size);
  std::string value(size, '\0');
  Check(H5Aread(attribute, type, value.data()), "read an attribute");
  return value.substr(0, value.find('\0'));
}

// Empty for anything but a single string or number.
std::string AttributeText(hid_t object, const std::string& name) {
  Handle attribute(H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, "open attribute " + name);
  Handle type(H5Aget_type(attribute), H5Tclose, "read the type of attribute " + name);
  Handle space(H5Aget_space(attribute), H5Sclose, "read the shape of attribute " + name);
  if (H5Sget_simple_extent_npoints(space) != 1) return "";
  switch (H5Tget_class(type)) {
    case H5T_STRING:
      return ReadStringAttribute(attribute, type);
    case H5T_INTEGER: {
      int64_t value = 0;
      Check(H5Aread(attribute, H5T_NATIVE_INT64, &value), "read an attribute");
      return std::to_string(value);
    }
    case H5T_FLOAT: {
      double value = 0;
      Check(H5Aread(attribute, H5T_NATIVE_DOUBLE, &value), "read an attribute");
      return Format("{}", value);
    }
    default:
      return "";
  }
}

ColumnType ColumnTypeOf(hid_t member, const std::string& where) {
  const H5T_class_t kind = H5Tget_class(member);
  if (kind == H5T_INTEGER) return ColumnType::kInt64;
  if (kind == H5T_FLOAT) return ColumnType::kFloat64;
  if (kind == H5T_STRING && H5Tis_variable_str(member) == 0) return ColumnType::kString;
  throw UserError("{}: expected an integer, a float or a string of fixed length, found another type", where);
}

RowLayout LayoutInFile(hid_t type, const std::string& where) {
  if (H5Tget_class(type) != H5T_COMPOUND) throw UserError("{}: expected a table (compound type)", where);
  RowLayout layout;
  for (int i = 0; i < H5Tget_nmembers(type); ++i) {
    char* text = H5Tget_member_name(type, static_cast<unsigned>(i));
    if (text == nullptr) throw RunError("HDF5 cannot read the name of column {} of {}", i, where);
    const std::string name = text;
    H5free_memory(text);
    Handle member(H5Tget_member_type(type, static_cast<unsigned>(i)), H5Tclose, "read a column's type");
    const ColumnType column = ColumnTypeOf(member, where + ", column '" + name + "'");
    layout.Add(name, column, column == ColumnType::kString ? H5Tget_size(member) : sizeof(int64_t));
  }
  return layout;
}

std::vector<hsize_t> ShapeOf(hid_t dataset, int rank, const std::string& where) {
  Handle space(H5Dget_space(dataset), H5Sclose, "read the shape of " + where);
  if (H5Sget_simple_extent_ndims(space) != rank) throw UserError("{}: expected {} dimension(s)", where, rank);
  std::vector<hsize_t> shape(static_cast<size_t>(rank));
  H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  return shape;
}

// The most that a file can hold, as in scripts/hdf5_child.py: deflate makes at most 1,032 bytes of one.
double MostBytes(const std::string& file) {
  return std::min(kMaxTableBytes, 1032 * static_cast<double>(std::filesystem::file_size(file)) + (1 << 20));
}

void RequireSize(double rows, double row_bytes, double most, const std::string& where) {
  if (rows * row_bytes > most) throw UserError("{}: claims {:.0f} bytes; damaged?", where, rows * row_bytes);
}

}  // namespace

Hdf5Writer::Hdf5Writer() {
  SilenceLibrary();
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "make access properties");
  Check(H5Pset_fapl_core(access, /*increment=*/1 << 20, /*backing_store=*/0), "keep a file in memory");
  // Uses the oldest superblock: later ones hold a checksum, which H5Fget_file_image (1.10.8) invalidates by
  // clearing a flag.
  Check(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST), "set the file format");
  Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "make creation properties");
  KeepAttributeOrder(creation);
  // The name is not that of a file, but two files in memory must not have the same name.
  const std::string name = Format("in memory {}", static_cast<const void*>(this));
  file_ = H5Fcreate(name.c_str(), H5F_ACC_TRUNC, creation, access);
  if (file_ < 0) throw RunError("HDF5 cannot make a file in memory: {}", LibraryError());
}

Hdf5Writer::~Hdf5Writer() { H5Fclose(file_); }

void Hdf5Writer::WriteTable(const std::string& path, const Table& table) {
  const RowLayout layout = LayoutOf(table);
  const hsize_t rows = static_cast<hsize_t>(table.rows());
  Handle type = CompoundType(layout);
  Handle space(H5Screate_simple(1, &rows, nullptr), H5Sclose, "shape " + path);
  Handle properties = DatasetProperties(rows, layout.row_bytes);
  {
    Handle dataset(H5Dcreate2(file_, path.c_str(), type, space, MakeParents(), properties, H5P_DEFAULT),
                   H5Dclose, "make " + path);
    const std::vector<char> bytes = PackRows(table, layout);
    if (rows > 0)
      Check(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()), "write " + path);
  }
  nlohmann::ordered_json units = nlohmann::ordered_json::object();
  for (const Column& column : table.columns) units[column.name] = column.unit;
  WriteAttribute(path, kUnits, units.dump());
}

void Hdf5Writer::MakeMatrix(const std::string& path, int64_t rows, int64_t cols) {
  const hsize_t shape[2] = {static_cast<hsize_t>(rows), static_cast<hsize_t>(cols)};
  Handle space(H5Screate_simple(2, shape, nullptr), H5Sclose, "shape " + path);
  Handle(H5Dcreate2(file_, path.c_str(), H5T_IEEE_F32LE, space, MakeParents(), H5P_DEFAULT, H5P_DEFAULT),
         H5Dclose, "make " + path);
}

void Hdf5Writer::WriteRows(const std::string& path, int64_t first_row, std::span<const float> values) {
  Handle dataset(H5Dopen2(file_, path.c_str(), H5P_DEFAULT), H5Dclose, "open " + path);
  const std::vector<hsize_t> shape = ShapeOf(dataset, 2, path);
  const hsize_t start[2] = {static_cast<hsize_t>(first_row), 0};
  const hsize_t count[2] = {shape[1] == 0 ? 0 : values.size() / shape[1], shape[1]};
  if (count[0] * count[1] != values.size() || first_row < 0 || start[0] + count[0] > shape[0]) {
    throw RunError("{}: {} values from row {} on are not whole rows of {} x {}", path, values.size(),
                   first_row, shape[0], shape[1]);
  }
  if (values.empty()) return;
  Handle space(H5Dget_space(dataset), H5Sclose, "read the shape of " + path);
  Check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nullptr, count, nullptr), "select rows of " + path);
  Handle memory(H5Screate_simple(2, count, nullptr), H5Sclose, "shape rows of " + path);
  Check(H5Dwrite(dataset, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, values.data()), "write " + path);
}

void Hdf5Writer::WriteAttribute(const std::string& object, const std::string& name,
                                const std::string& value) {
  Handle target = OpenOrMakeObject(file_, object);
  Handle type = StringType(H5T_VARIABLE);
  const char* text = value.c_str();
  Check(H5Awrite(ReplaceAttribute(target, name, type), type, &text), "write attribute " + name);
}

void Hdf5Writer::WriteAttribute(const std::string& object, const std::string& name, int64_t value) {
  Handle target = OpenOrMakeObject(file_, object);
  Check(H5Awrite(ReplaceAttribute(target, name, H5T_STD_I64LE), H5T_NATIVE_INT64, &value),
        "write attribute " + name);
}

void Hdf5Writer::Save(const std::string& file) {
  Check(H5Fflush(file_, H5F_SCOPE_GLOBAL), "finish " + file);
  const ssize_t size = H5Fget_file_image(file_, nullptr, 0);
  if (size < 0) throw RunError("{}: HDF5 cannot make its image: {}", file, LibraryError());
  std::vector<std::byte> image(static_cast<size_t>(size));
  if (H5Fget_file_image(file_, image.data(), image.size()) < 0) {
    throw RunError("{}: HDF5 cannot copy its image: {}", file, LibraryError());
  }
  WriteWholeFile(file, image);
}

Hdf5Reader::Hdf5Reader(const std::string& file) : path_(file) {
  SilenceLibrary();
  RefuseSpecialInput(file);
  if (!std::filesystem::exists(file)) throw UserError("{}: expected an HDF5 file, found none", file);
  most_bytes_ = MostBytes(file);
  file_ = H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file_ < 0) throw UserError("{}: expected an HDF5 file; HDF5 says: {}", file, LibraryError());
}

Hdf5Reader::~Hdf5Reader() { H5Fclose(file_); }

bool Hdf5Reader::Has(const std::string& path) const { return PathExists(file_, path); }

std::vector<std::string> Hdf5Reader::List(const std::string& group) const {
  std::vector<std::string> names;
  if (!Has(group)) return names;
  H5G_info_t info;
  Check(H5Gget_info_by_name(file_, group.c_str(), &info, H5P_DEFAULT), "list " + group);
  for (hsize_t i = 0; i < info.nlinks; ++i) {
    const auto name = [&](char* out, size_t size) {
      return H5Lget_name_by_idx(file_, group.c_str(), H5_INDEX_NAME, H5_ITER_INC, i, out, size, H5P_DEFAULT);
    };
    const ssize_t length = name(nullptr, 0);
    if (length < 0) throw RunError("{}: HDF5 cannot list {}: {}", path_, group, LibraryError());
    std::string text(static_cast<size_t>(length) + 1, '\0');
    name(text.data(), text.size());
    text.pop_back();
    names.push_back(text);
  }
  return names;
}

Table Hdf5Reader::ReadTable(const std::string& path) const {
  const std::string where = path_ + ": " + path;
  if (!Has(path)) throw UserError("{}: expected a table, found none", where);
  Handle dataset(H5Dopen2(file_, path.c_str(), H5P_DEFAULT), H5Dclose, "open " + where);
  Handle stored(H5Dget_type(dataset), H5Tclose, "read the type of " + where);
  const RowLayout layout = LayoutInFile(stored, where);
  const hsize_t rows = ShapeOf(dataset, 1, where)[0];
  RequireSize(static_cast<double>(rows), static_cast<double>(layout.row_bytes), most_bytes_, where);

  std::vector<char> bytes(rows * layout.row_bytes);
  if (rows > 0) {
    Check(H5Dread(dataset, CompoundType(layout), H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()),
          "read " + where);
  }
  nlohmann::json units;
  if (H5Aexists(dataset, kUnits) > 0) units = ParseJson(AttributeText(dataset, kUnits), where + ", units");
  Table table;
  for (const RowLayout::Member& member : layout.members) {
    table.columns.push_back(UnpackColumn(bytes, layout, member, rows));
    if (units.is_object() && units.contains(member.name) && units[member.name].is_string()) {
      table.columns.back().unit = units[member.name].get<std::string>();
    }
  }
  return table;
}

FloatMatrix Hdf5Reader::ReadMatrix(const std::string& path) const {
  const std::string where = path_ + ": " + path;
  if (!Has(path)) throw UserError("{}: expected a matrix, found none", where);
  Handle dataset(H5Dopen2(file_, path.c_str(), H5P_DEFAULT), H5Dclose, "open " + where);
  const std::vector<hsize_t> shape = ShapeOf(dataset, 2, where);
  RequireSize(static_cast<double>(shape[0]), static_cast<double>(shape[1]) * sizeof(float), most_bytes_,
              where);
  FloatMatrix matrix{static_cast<int64_t>(shape[0]), static_cast<int64_t>(shape[1]), {}};
  matrix.values.resize(shape[0] * shape[1]);
  if (matrix.values.empty()) return matrix;
  Check(H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, matrix.values.data()),
        "read " + where);
  return matrix;
}

std::vector<std::pair<std::string, std::string>> Hdf5Reader::ReadAttributes(const std::string& object) const {
  std::vector<std::pair<std::string, std::string>> attributes;
  if (!Has(object)) return attributes;
  Handle target(H5Oopen(file_, object.c_str(), H5P_DEFAULT), H5Oclose, "open " + object);
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5A_info_t*, void* out) {
    static_cast<std::vector<std::string>*>(out)->push_back(name);
    return herr_t{0};
  };
  if (H5Aiterate2(target, H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr, collect, &names) < 0) {
    names.clear();  // a file of another writer, which did not track the order
    Check(H5Aiterate2(target, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names), "list attributes");
  }
  for (const std::string& name : names) attributes.emplace_back(name, AttributeText(target, name));
  return attributes;
}

std::string Hdf5Version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return Format("{}.{}.{}", major, minor, release);
}

}  // namespace plelab
