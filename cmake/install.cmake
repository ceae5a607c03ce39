# SPDX-License-Identifier: Apache-2.0
#
# The package: headers, one export set a component (so that find_package loads only the
# dependencies of what was asked for), and a relocatable pkg-config file.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kutta)

get_property(components GLOBAL PROPERTY KUTTA_COMPONENTS)
foreach(component IN LISTS components)
  install(TARGETS kutta_${component} EXPORT kutta-${component}-targets FILE_SET HEADERS)
  install(EXPORT kutta-${component}-targets NAMESPACE kutta:: DESTINATION ${package_dir})
endforeach()

configure_package_config_file(cmake/kutta-config.cmake.in ${PROJECT_BINARY_DIR}/kutta-config.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kutta-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  ${PROJECT_BINARY_DIR}/kutta-config.cmake ${PROJECT_BINARY_DIR}/kutta-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/cudnn.cmake
  DESTINATION ${package_dir})

# The way from the .pc file back to the prefix, so that the installed tree can be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
  BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE prefix_from_pc)
configure_file(cmake/kutta.pc.in ${PROJECT_BINARY_DIR}/kutta.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/kutta.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
