# SPDX-License-Identifier: Apache-2.0
#
# cmake -D PROGRAM=<kutta_scheme_table> -D SCRATCH=<folder to use> -P scheme_table_test.cmake
#
# The program must change a page between its markers only, name the first line that is out of date,
# and leave every page as it is where one has not its markers.
cmake_minimum_required(VERSION 3.25)
set(first "<!-- schemes: generated -->\n")
set(last "<!-- end -->\n")
set(page ${SCRATCH}/page.md)
set(other ${SCRATCH}/other.md)

function(expect name status expected)
  execute_process(COMMAND ${PROGRAM} ${ARGN}
    RESULT_VARIABLE is OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(FIND "${output}" "${expected}" found)
  if(NOT is EQUAL status OR found EQUAL -1)
    message(SEND_ERROR "${name}: expected status ${status} and '${expected}', got ${is} and\n${output}")
  endif()
endfunction()

function(expect_text name file expected)
  file(READ ${file} text)
  if(NOT text MATCHES "${expected}")
    message(SEND_ERROR "${name}: ${file} does not match '${expected}'")
  endif()
  file(GLOB partial ${SCRATCH}/*.partial)
  if(partial)
    message(SEND_ERROR "${name}: left ${partial}")
  endif()
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
file(WRITE ${page} "above\n${first}old\n${last}below\n")
expect("out of date" 1 "page.md:3: is 'old', should be ''" --check --readme ${page})
expect_text("a check changes nothing" ${page} "^above\n${first}old\n${last}below\n$")
expect("rewritten" 0 "" --readme ${page})
expect_text("rewritten" ${page} "^above\n${first}.*`euler`.*\n${last}below\n$")
expect("up to date" 0 "" --check --readme ${page})

file(READ ${page} text)
string(REPLACE "5.00e-1" "5.00e-2" text "${text}")
file(WRITE ${page} "${text}")
expect("a wrong digit" 1 "page.md:6: is '| `euler` | 1 | 1 | 5.00e-2 |" --check --readme ${page})

file(WRITE ${other} "old\n${last}")
expect("no beginning" 2 "other.md: no line '<!-- schemes: generated -->'" --docs ${other})
file(WRITE ${page} "${first}old\n${last}")
file(WRITE ${other} "${first}old\n")
expect("no end" 2 "other.md: no line '<!-- end -->'" --readme ${page} --docs ${other})
expect_text("no end" ${page} "^${first}old\n${last}$")
file(WRITE ${other} "${last}${first}old\n")
expect("end before beginning" 2 "other.md: the end stands before the beginning" --docs ${other})
file(WRITE ${other} "${first}${first}old\n${last}")
expect("two beginnings" 2 "other.md: more than one line" --docs ${other})
expect("no file" 2 "none.md: cannot be read" --docs ${SCRATCH}/none.md)
expect("no such option" 2 "got '--redme'" --redme ${page})
expect("nothing to check" 2 "--check: " --check)
file(REMOVE_RECURSE ${SCRATCH})
